// TopK: the k largest elements along one axis, or the k smallest, in order.
//
//   Values_j = the j-th largest of x (largest = 1), or the j-th smallest
//   dx_i     = sum of g_j / |T_j| over the j with x_i = Values_j,   T_j = the elements that equal Values_j
//
// X [before, N, after], Values [before, k, after]. Elements are moved, and come out bit for bit.
// Kinks where elements tie: any weights >= 0 on T_j that add up to 1 are a subgradient, and the reference takes the
// even ones; implementations choose one element for each output. A slice with a NaN has no order, and gives NaN. k is
// an attribute, as in TopK-1: the shape of the output depends on it. Without `sorted` the order is undefined, so
// samples have it. Source: ONNX TopK-24, output Values alone.
#pragma once

#include <algorithm>

#include "frames/indexing.hpp"

namespace backproof::ops {

struct top_k {
  static constexpr op_info info{.name = "top_k",
                                .onnx = "TopK",
                                .opset = 24,
                                .signature = "X -> Values",
                                .formula = "Values_j = j-th largest or smallest along an axis",
                                .vjp = "dx_i = sum of g_j / |T_j| over the j with x_i = Values_j, T_j their ties",
                                .source = "ONNX TopK-24"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  static void draw(sampler& s) {
    s.attribute("largest", s.choose<index_t>({1, 0}));
    s.attribute("sorted", index_t{1});
    const index_t share = s.choose<index_t>({1, 0, 2});  // of the axis: some, one element, all of it
    const shape x = indexing::draw_data(s, 1, 3);
    const index_t axis = s.pick(static_cast<index_t>(x.size())), n = x[static_cast<std::size_t>(axis)];
    s.attribute("axis", s.random().chance(0.5) ? axis : axis - static_cast<index_t>(x.size()));
    s.attribute("k", share == 0 ? 1 : share == 2 ? n : s.random().between(1, n));
    s.input(x, {.distinct = true});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    shape y = in[0];
    index_t& extent = y[indexing::axis_of(a, y)];
    const index_t k = a.integer("k");
    if (k < 0 || k > extent) throw invalid_input("the " + std::to_string(k) + " largest of " + std::to_string(extent));
    a.integer("largest");  // throws if it is missing
    extent = k;
    return {y};
  }

  // Calls visit(y, x, tied) for each element of Values: its flat position, that of an element of X that it equals, and
  // those of all that do. In a slice with a NaN, that is the NaN.
  template <scalar S, class F>
  static void each_value(const call<S>& c, F visit) {
    const values<S>& x = c.in[0];
    const bool largest = c.attrs.flag("largest");
    const index_t k = c.attrs.integer("k");
    const slices along(x.dims(), c.attrs.integer("axis"));
    for (index_t o = 0; o < along.outer; ++o)
      for (index_t i = 0; i < along.inner; ++i) {
        std::vector<index_t> order;
        for (index_t n = 0; n < along.length; ++n) order.push_back(along.start(o, i) + n * along.inner);
        const auto nan = std::find_if(order.begin(), order.end(), [&](index_t at) { return !(x[at] == x[at]); });
        if (nan != order.end())
          order.assign(order.size(), *nan);
        else
          std::stable_sort(order.begin(), order.end(),
                           [&](index_t a, index_t b) { return largest ? x[b] < x[a] : x[a] < x[b]; });
        for (index_t j = 0; j < k; ++j) {
          const index_t at = order[static_cast<std::size_t>(j)];
          std::vector<index_t> tied;
          for (const index_t other : order)
            if (x[other] == x[at]) tied.push_back(other);
          visit((o * k + j) * along.inner + i, at, tied);
        }
      }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_value(c, [&](index_t j, index_t i, const std::vector<index_t>&) { y[0][j] = c.in[0][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    each_value(c, [&](index_t j, index_t, const std::vector<index_t>& tied) {
      for (const index_t i : tied) dx[i] += g[0][j] / S(static_cast<int>(tied.size()));
    });
    dx.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    each_value(c, [&](index_t j, index_t, const std::vector<index_t>& tied) {
      std::vector<position> positions;
      for (const index_t i : tied) positions.push_back({0, i});
      if (tied.size() > 1) s.simplex(positions, g[0][j]);
    });
  }
};

}  // namespace backproof::ops
