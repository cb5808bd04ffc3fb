// Conv, the cross-correlation of convolutional networks, over any number of spatial axes.
//
//   Y[n,m,o]  = B[m] + sum_{c,k} X[n, q(m) C/G + c, o s - p + k d] W[m,c,k],   q(m) = floor(m / (M/G)): m's group
//   dX[n,.,i] = sum_{m,k,o: o s - p + k d = i} g[n,m,o] W[m,.,k]
//   dW[m,c,k] = sum_{n,o} g[n,m,o] X[n, q(m) C/G + c, o s - p + k d]
//   dB[m]     = sum_{n,o} g[n,m,o]
//
// X [N, C, spatial], W [M, C/G, kernel], B [M] optional; s strides, p pads, d dilations, G groups, one s, p and d per
// spatial axis. X is 0 in the padding. Linear in each operand, smooth everywhere: <dX, X> = <dW, W> = <g, Y - B>.
// Y is one sum, B among its terms: implementations accumulate onto the bias, or add it at the end.
// Source: ONNX Conv-22; the convolutional layers (output size (W - K + 2 P) / S + 1) of the backpropagation lectures.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "backproof/op.hpp"
#include "backproof/sample.hpp"
#include "backproof/window.hpp"

namespace backproof::ops {

struct conv {
  static constexpr op_info info{.name = "conv",
                                .onnx = "Conv",
                                .opset = 22,
                                .signature = "X, W, B? -> Y",
                                .formula = "Y[n,m,o] = B[m] + sum_{c,k} X[n,c,o s - p + k d] W[m,c,k]",
                                .vjp = "dX = sum g W over (m,k,o) at the cell, dW = sum_{n,o} g X, dB = sum_{n,o} g",
                                .source = "ONNX Conv-22"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    // A few times `each`, and no more than the limit.
    const auto some = [&s](index few, index each) {
      return each * std::clamp<index>(s.random().between(1, few), 1, std::max<index>(1, s.limit() / each));
    };
    const index rank = s.choose<index>({2, 1});
    const index kind = s.choose<index>({2, 1, 0});  // number of groups; 0: depthwise, as many groups as channels
    const index group = s.attribute("group", std::min(kind == 0 ? s.random().between(2, 4) : kind, s.limit()));
    const index batch = some(3, 1), channels = kind == 0 ? group : some(3, group), outputs = some(3, group);
    const drawn_windows w(s, rank, batch * std::max(channels, outputs), {.dilated = true, .in_padding = true});
    s.attribute("strides", w.strides);
    s.attribute("dilations", w.dilations);
    s.attribute("pads", w.pads);
    shape x = {batch, channels}, kernel = {outputs, channels / group};
    x.insert(x.end(), w.spatial.begin(), w.spatial.end());
    kernel.insert(kernel.end(), w.kernel.begin(), w.kernel.end());
    s.input(x);
    s.input(kernel);
    if (s.random().chance(0.5))
      s.input({outputs});
    else
      s.absent();
  }

  static windows over(const attributes& a, const shape& x, const shape& w) {
    if (w.size() < 3) throw std::invalid_argument("W " + to_string(w) + " has no spatial axis");
    const shape kernel(w.begin() + 2, w.end());
    return windows(x, kernel, a.integers("strides"), a.integers("dilations"), a.integers("pads"));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape &x = in[0], &w = in[1];
    const windows slide = over(a, x, w);
    const index group = a.integer("group");
    if (group < 1 || x[1] != group * w[1] || w[0] % group != 0)
      throw std::invalid_argument("X " + to_string(x) + " and W " + to_string(w) + " do not form " +
                                  std::to_string(group) + " groups");
    if (given(in, 2) && in[2] != shape{w[0]})
      throw std::invalid_argument("B " + to_string(in[2]) + " does not fit W " + to_string(w));
    return {slide.output(x[0], w[0])};
  }

  // Calls visit(y, x, w) for all elements of Y, X and W, by flat positions, of which the forward function multiplies x
  // and w and adds the product to y.
  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {
    const shape &x = c.in[0].dims(), &w = c.in[1].dims();
    const windows slide = over(c.attrs, x, w);
    const index windows_per_plane = slide.count(), outputs_per_group = w[0] / c.attrs.integer("group");
    for (index n = 0; n < x[0]; ++n)
      for (index m = 0; m < w[0]; ++m)
        for (index channel = 0; channel < w[1]; ++channel) {
          const index y_plane = n * w[0] + m, w_plane = m * w[1] + channel;
          const index x_plane = n * x[1] + m / outputs_per_group * w[1] + channel;
          for (index o = 0; o < windows_per_plane; ++o)
            slide.each_cell(o, [&](index i, index k) {
              visit(y_plane * windows_per_plane + o, x_plane * slide.cells() + i, w_plane * slide.taps() + k);
            });
        }
  }

  // Calls visit(y, m) for each element of Y, by flat position, and its channel m.
  template <class F>
  static void each_output(const shape& y, F visit) {
    const slices channels(y, 1);
    for (index n = 0; n < channels.outer; ++n)
      for (index m = 0; m < channels.length; ++m)
        for (index o = 0; o < channels.inner; ++o) visit(channels.start(n, o) + m * channels.inner, m);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_product(c, [&](index i, index x, index w) { total[i].add_product(c.in[0][x], c.in[1][w]); });
    if (c.has(2)) each_output(y[0].dims(), [&](index i, index m) { total[i] += c.in[2][m]; });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]), dw(d[1]);
    each_product(c, [&](index i, index x, index w) {
      dx[x].add_product(g[0][i], c.in[1][w]);
      dw[w].add_product(g[0][i], c.in[0][x]);
    });
    dx.store();
    dw.store();
    if (c.has(2)) {
      sums<S> db(d[2]);
      each_output(g[0].dims(), [&](index i, index m) { db[m] += g[0][i]; });
      db.store();
    }
  }
};

}  // namespace backproof::ops
