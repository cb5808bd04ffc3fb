// Conv, the cross-correlation of convolutional networks, over any number of spatial axes.
//
//   Y[n,m,o]  = B[m] + sum_{c,k} X[n, q(m) C/G + c, o s - p + k d] W[m,c,k],   q(m) = floor(m / (M/G)): m's group
//   dX[n,.,i] = sum_{m,k,o: o s - p + k d = i} g[n,m,o] W[m,.,k]
//   dW[m,c,k] = sum_{n,o} g[n,m,o] X[n, q(m) C/G + c, o s - p + k d]
//   dB[m]     = sum_{n,o} g[n,m,o]
//
// X [N, C, spatial], W [M, C/G, kernel], B [M] optional; s strides, p pads, d dilations, G groups, one s, p and d per
// spatial axis. X is 0 in the padding; auto_pad states p instead, such that there are ceil(n / s) windows (SAME_*) or
// no padding (VALID). Linear in each operand, smooth everywhere: <dX, X> = <dW, W> = <g, Y - B>. Y is one sum, B among
// its terms: implementations accumulate onto the bias, or add it at the end. Source: ONNX Conv-22; the convolutional
// layers (output size (W - K + 2 P) / S + 1) of the backpropagation lectures.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "frames/convolution.hpp"

namespace backproof::ops {

struct conv : convolution::frame<conv> {
  static constexpr op_info info{.name = "conv",
                                .onnx = "Conv",
                                .opset = 22,
                                .signature = "X, W, B? -> Y",
                                .formula = "Y[n,m,o] = B[m] + sum_{c,k} X[n,c,o s - p + k d] W[m,c,k]",
                                .vjp = "dX = sum g W over (m,k,o) at the cell, dW = sum_{n,o} g X, dB = sum_{n,o} g",
                                .source = "ONNX Conv-22"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2), law::batch(0b1),
                                 law::translation(1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 1, 3});
    const std::string auto_pad = drawn_windows::any_auto_pad(s);
    const convolution::drawn_channels c(s, rank == 3 ? 2 : 3);
    const drawn_windows w(s, rank, c.batch * std::max(c.image, c.maps),
                          {.dilated = true, .in_padding = true, .auto_pad = auto_pad});
    s.attribute("group", c.group);
    w.state(s);
    s.input(w.over(c.batch, c.image));
    c.draw_kernel(s, w.kernel, c.maps);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape &x = in[0], &w = in[1];
    const windows slide = windows_of(a, x, convolution::taps_of(w));
    convolution::check_groups(a.integer("group"), x[1], w);
    convolution::check_bias(in, w[0]);
    return {slide.output(x[0], w[0])};
  }

  // Padding with zeros only takes away from what the circular twin, on a longer grid, can do.
  static double jacobian_norm_bound(const call<real>& c, std::size_t k) {
    if (k != 0) return INFINITY;
    return convolution::circular_twin_norm(c.in[0].dims(), c.in[1], c.attrs.integer("group"),
                                           c.attrs.integers("dilations"));
  }

  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {  // visit(y, x, w)
    const shape &x = c.in[0].dims(), &w = c.in[1].dims();
    convolution::each_product(windows_of(c.attrs, x, convolution::taps_of(w)), x, w, c.attrs.integer("group"), visit);
  }
};

}  // namespace backproof::ops
