// AveragePool over any number of spatial axes.
//
//   y_o  = (sum of the cells of window o) / N_o
//   dx_i = sum over the windows o that hold cell i of g_o / N_o
//
// N_o counts the window's cells and, if count_include_pad is set, its positions in the padding as well; what hangs over
// the padded end in ceil_mode counts for nothing. The windows are those of max_pool, without dilation. Linear, smooth
// everywhere. Without count_include_pad, dx adds up to the sum of g.
// Source: ONNX AveragePool-22, dilations left at 1; the pooling layers of the backpropagation lectures.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "backproof/op.hpp"
#include "backproof/sample.hpp"
#include "backproof/window.hpp"

namespace backproof::ops {

struct average_pool {
  static constexpr op_info info{.name = "average_pool",
                                .onnx = "AveragePool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y_o = (sum of the cells of window o) / N_o",
                                .vjp = "dx_i = sum of g_o / N_o over the windows that hold cell i",
                                .source = "ONNX AveragePool-22"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    const auto some = [&s](index most) { return std::min(s.random().between(1, most), s.limit()); };
    const index rank = s.choose<index>({2, 1});
    s.attribute("ceil_mode", s.choose<index>({0, 1}));
    s.attribute("count_include_pad", s.choose<index>({0, 1}));
    shape x = {some(3), some(3)};
    const drawn_windows w(s, rank, size_of(x), {});
    s.attribute("kernel_shape", w.kernel);
    s.attribute("strides", w.strides);
    s.attribute("pads", w.pads);
    x.insert(x.end(), w.spatial.begin(), w.spatial.end());
    s.input(x);
  }

  static windows over(const attributes& a, const shape& x) {
    const shape& kernel = a.integers("kernel_shape");
    return windows(x, kernel, a.integers("strides"), shape(kernel.size(), 1), a.integers("pads"), a.flag("ceil_mode"));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const windows slide = over(a, in[0]);
    if (slide.has_empty_window()) throw std::invalid_argument("a window lies in the padding altogether");
    return {slide.output(in[0][0], in[0][1])};
  }

  // Calls visit(y, n, cells) for each element of Y, by flat position, and its divisor n; cells(f) calls f for each
  // element of X, likewise, in its window.
  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const shape& x = c.in[0].dims();
    const windows slide = over(c.attrs, x);
    const bool with_padding = c.attrs.flag("count_include_pad");
    const index cells_per_plane = slide.cells(), windows_per_plane = slide.count();
    for (index plane = 0; plane < x[0] * x[1]; ++plane)
      for (index o = 0; o < windows_per_plane; ++o) {
        const S n(static_cast<int>(with_padding ? slide.padded_cells(o) : slide.real_cells(o)));
        visit(plane * windows_per_plane + o, n,
              [&](auto f) { slide.each_cell(o, [&](index i, index) { f(plane * cells_per_plane + i); }); });
      }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_window(c, [&](index o, const S& n, const auto& cells) {
      sum<S> total;
      cells([&](index i) { total += c.in[0][i]; });
      y[0][o] = total.value() / n;
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    each_window(c, [&](index o, const S& n, const auto& cells) { cells([&](index i) { dx[i] += g[0][o] / n; }); });
    dx.store();
  }
};

}  // namespace backproof::ops
