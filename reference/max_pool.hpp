// MaxPool over any number of spatial axes.
//
//   y_o  = max of the cells of window o
//   dx_i = sum over the windows o with x_i = y_o of g_o / |T_o|,   T_o = the cells of window o that equal y_o
//
// The padding holds no cells, so it never wins, not even over -inf. Window o starts at o * stride - pad; there are
// floor((n + pads - dilation (kernel - 1) - 1) / stride) + 1 of them along an axis, or with ceil_mode the ceiling, less
// one if the last would start in the padding at the end. A window without any cell is refused.
// Kinks where cells of a window tie: any weights >= 0 on T_o that add up to 1 are a subgradient, and the reference
// takes the even ones. Whichever are taken, dx adds up to the sum of g. A NaN wins.
// Source: ONNX MaxPool-22, output Y alone; the 2 x 2 pooling with stride 2 of the backpropagation lectures.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "backproof/op.hpp"
#include "backproof/sample.hpp"
#include "backproof/window.hpp"

namespace backproof::ops {

struct max_pool {
  static constexpr op_info info{.name = "max_pool",
                                .onnx = "MaxPool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y_o = max of the cells of window o",
                                .vjp = "dx_i = sum of g_o / |T_o| over the windows o with x_i = y_o, T_o their ties",
                                .source = "ONNX MaxPool-22"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  static void draw(sampler& s) {
    const auto some = [&s](index most) { return std::min(s.random().between(1, most), s.limit()); };
    const index rank = s.choose<index>({2, 1});
    s.attribute("ceil_mode", s.choose<index>({0, 1}));
    shape x = {some(3), some(3)};
    const drawn_windows w(s, rank, size_of(x), {.dilated = true});
    s.attribute("kernel_shape", w.kernel);
    s.attribute("strides", w.strides);
    s.attribute("dilations", w.dilations);
    s.attribute("pads", w.pads);
    x.insert(x.end(), w.spatial.begin(), w.spatial.end());
    s.input(x, {.distinct = true});
  }

  static windows over(const attributes& a, const shape& x) {
    return windows(x, a.integers("kernel_shape"), a.integers("strides"), a.integers("dilations"), a.integers("pads"),
                   a.flag("ceil_mode"));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const windows slide = over(a, in[0]);
    if (slide.has_empty_window()) throw std::invalid_argument("a window lies in the padding altogether");
    return {slide.output(in[0][0], in[0][1])};
  }

  // Calls visit(y, cells) for each element of Y, by flat position; cells(f) calls f for each element of X, likewise, in
  // its window.
  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const shape& x = c.in[0].dims();
    const windows slide = over(c.attrs, x);
    const index cells_per_plane = slide.cells(), windows_per_plane = slide.count();
    for (index plane = 0; plane < x[0] * x[1]; ++plane)
      for (index o = 0; o < windows_per_plane; ++o)
        visit(plane * windows_per_plane + o,
              [&](auto f) { slide.each_cell(o, [&](index i, index) { f(plane * cells_per_plane + i); }); });
  }

  template <scalar S, class Cells>
  static S largest(const values<S>& x, const Cells& cells) {
    S best = S(0);
    bool first = true;
    cells([&](index i) {
      if (first || best < x[i] || !(x[i] == x[i])) best = x[i];
      first = false;
    });
    return best;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_window(c, [&](index o, const auto& cells) { y[0][o] = largest(c.in[0], cells); });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const values<S>& x = c.in[0];
    sums<S> dx(d[0]);
    each_window(c, [&](index o, const auto& cells) {
      const S y = largest(x, cells);
      int ties = 0;
      cells([&](index i) { ties += x[i] == y; });
      cells([&](index i) {
        if (x[i] == y) dx[i] += g[0][o] / S(ties);
      });
    });
    dx.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    each_window(c, [&](index o, const auto& cells) {
      const real y = largest(c.in[0], cells);
      std::vector<position> tied;
      cells([&](index i) {
        if (c.in[0][i] == y) tied.push_back({0, i});
      });
      if (tied.size() > 1) s.simplex(tied, g[0][o]);
    });
  }
};

}  // namespace backproof::ops
