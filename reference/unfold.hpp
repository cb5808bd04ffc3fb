// unfold, or im2col: the cells under each position of a sliding window, as the columns of a matrix.
//
//   y[n, c K + k, o] = x[n, c, cell k of window o], 0 in the padding;   K = positions in the kernel
//   dx_i             = sum of g over the places where cell i stands
//
// x [N, C, H, W] to y [N, C K, L], one column for each of L windows; kernel_size, dilation, padding and stride have two
// numbers each. Linear, smooth everywhere. Data is moved only: y must be right bit for bit. Its transpose is Col2Im.
// Source: THNN Im2Col, and the helper inside of its convolutions; torch.nn.functional.
#pragma once

#include "backproof/op/op.hpp"
#include "frames/convolution.hpp"

namespace backproof::ops {

struct unfold {
  static constexpr op_info info{.name = "unfold",
                                .signature = "x -> y",
                                .formula = "y[n, c K + k, o] = x[n, c, cell k of window o], 0 in the padding",
                                .vjp = "dx_i = sum of g over the places where cell i stands",
                                .source = "THNN Im2Col"};
  static constexpr law laws[] = {law::linear(), law::batch(0b1)};

  static void draw(sampler& s) {
    const index_t batch = std::min(s.random().between(1, 2), s.limit());
    const index_t channels = std::min(s.choose<index_t>({2, 1, 3}), s.limit());
    // Planes count four times, for most cells stand in several columns.
    const drawn_windows w(s, 2, 4 * batch * channels,
                          {.dilated = true, .in_padding = true, .symmetric = true, .taps = 12});
    s.attribute("kernel_size", w.kernel);
    s.attribute("dilation", w.dilations);
    s.attribute("padding", shape(w.pads.begin(), w.pads.begin() + 2));
    s.attribute("stride", w.strides);
    s.input(w.over(batch, channels));
  }

  static windows over(const attributes& a, const shape& x) {
    shape pads = a.integers("padding");
    if (pads.size() != 2) throw invalid_input("padding has not two numbers");
    pads.insert(pads.end(), {pads[0], pads[1]});
    return windows(x, a.integers("kernel_size"), a.integers("stride"), a.integers("dilation"), pads);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const windows slide = over(a, in[0]);
    return {{in[0][0], in[0][1] * slide.taps(), slide.count()}};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const shape& x = c.in[0].dims();
    convolution::each_in_block(over(c.attrs, x), x[0] * x[1], [&](index_t b, index_t i) { y[0][b] = c.in[0][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const shape& x = c.in[0].dims();
    sums<S> dx(d[0]);
    convolution::each_in_block(over(c.attrs, x), x[0] * x[1], [&](index_t b, index_t i) { dx[i] += g[0][b]; });
    dx.store();
  }
};

}  // namespace backproof::ops
