// Pad, and crop where pads are negative, along any of the axes.
//
//   y_o  = x_i(o - begin) along each axis, where i(p) is the cell that padding takes for position p
//   dx_i = sum of g_o over the cells o taken from i
//
//   constant: i(p) = p; positions outside of the tensor hold constant_value, or 0, and have no gradient
//   reflect:  mirrored at the first and last cell, not repeating them; pads are less than the extent
//   edge:     the nearest cell            wrap: p modulo the extent
//
// Linear in x, smooth everywhere; data is only moved. A border cell is taken more often than once, in corners once for
// each combination, so that its gradient is a sum. ONNX hands over pads and axes as inputs; here they are attributes,
// because the shape of the output depends on them. An axis that is cropped at one end and padded at the other takes
// cells of the whole tensor; in modes reflect and wrap implementations differ there, and samples have none such.
// Source: ONNX Pad-19.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct pad {
  static constexpr op_info info{.name = "pad",
                                .onnx = "Pad",
                                .opset = 19,
                                .signature = "data, constant_value?~ -> output",
                                .formula = "y_o = x_i(o - begin), i mirrors, clamps or wraps; or a constant outside",
                                .vjp = "dx_i = sum of g_o over the cells o taken from i",
                                .source = "ONNX Pad-19"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    const std::string mode = s.attribute("mode", s.choose<std::string>({"constant", "reflect", "edge", "wrap"}));
    const index_t rank = s.choose<index_t>({2, 3, 1, 4, 5}),
                  listed = s.choose<index_t>({0, 1, 2});  // axes: all, last, mixed
    const bool crops = s.choose({false, true}), valued = s.choose({true, false});
    shape x, axes, begins, ends;
    for (index_t k = 0; k < rank; ++k)
      x.push_back(s.extent(1, rank == 1 ? 17 : rank == 2 ? 9 : rank == 3 ? 5 : rank == 4 ? 3 : 2));
    for (index_t k = 0; k < rank; ++k)
      if (listed == 0 || k == rank - 1 || (listed == 2 && s.random().chance(0.5)))
        axes.push_back(listed == 2 ? k - rank : k);
    if (listed == 2) std::reverse(axes.begin(), axes.end());
    index_t elements = size_of(x);
    for (const index_t axis : axes) {
      const index_t n = x[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
      const bool crop = crops && s.random().chance(0.5), both = mode == "constant" || mode == "edge";
      const index_t least = crop ? -(n - 1) / 2 : 0;
      index_t most = mode == "reflect" ? std::min<index_t>(n - 1, 4) : mode == "wrap" ? 2 * n : 4;
      if (crop && !both) most = 0;
      index_t begin = s.random().between(least, std::min<index_t>(most, 4)), end = s.random().between(least, most);
      if (elements / n * (n + begin + end) > 200) begin = end = std::max<index_t>(least, -1);
      elements = elements / n * (n + begin + end);
      begins.push_back(begin);
      ends.push_back(end);
    }
    s.attribute("axes", axes);
    begins.insert(begins.end(), ends.begin(), ends.end());
    s.attribute("pads", begins);
    s.input(x);
    if (mode == "constant" && valued)
      s.input({});
    else
      s.absent();
  }

  // What happens along one axis.
  struct line {
    index_t extent, begin = 0, end = 0;
    index_t out() const { return begin + extent + end; }

    // The cell for position o of the output; -1 outside of the tensor.
    index_t cell(index_t o, const std::string& mode) const {
      const index_t p = o - begin;
      if (p >= 0 && p < extent) return p;
      if (mode == "constant") return -1;
      if (mode == "edge") return p < 0 ? 0 : extent - 1;
      if (mode == "reflect") return p < 0 ? -p : 2 * (extent - 1) - p;
      return (p % extent + extent) % extent;
    }

    void check(const std::string& mode) const {
      constexpr index_t largest = 1 << 24;  // so that no sum overflows
      if (std::max({begin, end, -begin, -end}) > largest) throw invalid_input("pads exceed 2^24");
      if (out() < 0) throw invalid_input("pads crop more than there is");
      if (mode != "constant" && out() > 0 && extent == 0) throw invalid_input("there is nothing to pad with");
      if (mode == "reflect" && out() > 0 && std::max({begin, end, -begin, -end}) >= extent)
        throw invalid_input("reflected pads must be less than the extent");
    }
  };

  static std::vector<line> lines(const attributes& a, const shape& x) {
    const shape &pads = a.integers("pads"), &axes = a.integers("axes");
    const std::string& mode = a.text("mode");
    if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
      throw invalid_input("mode is '" + mode + "', not constant, reflect, edge or wrap");
    if (pads.size() != 2 * axes.size()) throw invalid_input("pads are not two for each axis");
    std::vector<line> all;
    for (const index_t e : x) all.push_back({e});
    std::vector<bool> named(x.size());
    for (std::size_t k = 0; k < axes.size(); ++k) {
      const index_t rank = static_cast<index_t>(x.size()), axis = axes[k] < 0 ? axes[k] + rank : axes[k];
      if (axis < 0 || axis >= rank || named[static_cast<std::size_t>(axis)])
        throw invalid_input("axis " + std::to_string(axes[k]) + " does not exist, or is named twice");
      named[static_cast<std::size_t>(axis)] = true;
      all[static_cast<std::size_t>(axis)] = {x[static_cast<std::size_t>(axis)], pads[k], pads[k + axes.size()]};
    }
    double elements = 1;
    for (const line& l : all) l.check(mode), elements *= static_cast<double>(l.out());
    if (elements > 1 << 24) throw invalid_input("the output has more than 2^24 elements");
    return all;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (given(in, 1) && size_of(in[1]) != 1) throw invalid_input("constant_value is no single number");
    shape y;
    for (const line& l : lines(a, in[0])) y.push_back(l.out());
    return {y};
  }

  // Calls visit(o, i) for each element o of the output and the element i of x that it is; -1 if it is the constant.
  template <scalar S, class F>
  static void each_element(const call<S>& c, const shape& y, F visit) {
    const std::string& mode = c.attrs.text("mode");
    const shape& x = c.in[0].dims();
    const std::vector<line> along = lines(c.attrs, x);
    const shape steps = strides_of(y);
    for (index_t o = 0; o < size_of(y); ++o) {
      index_t i = 0;
      for (std::size_t k = 0; k < x.size() && i >= 0; ++k) {
        const index_t cell = along[k].cell(o / steps[k] % y[k], mode);
        i = cell < 0 ? -1 : i * x[k] + cell;
      }
      visit(o, i);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const S constant = c.has(1) ? c.in[1][0] : S(0);
    each_element(c, y[0].dims(), [&](index_t o, index_t i) { y[0][o] = i < 0 ? constant : c.in[0][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    each_element(c, g[0].dims(), [&](index_t o, index_t i) {
      if (i >= 0) dx[i] += g[0][o];
    });
    dx.store();
  }
};

}  // namespace backproof::ops
