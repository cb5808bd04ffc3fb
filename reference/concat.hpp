// Concat: tensors side by side along one axis.
//
//   concat_result = the inputs, one after the other along the axis;   dx_k = the part of g where input k lies
//
// All extents but that along the axis agree. Linear, and an isometry; nothing is computed, so every element must come
// out bit for bit. Source: ONNX Concat-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct concat {
  static constexpr op_info info{.name = "concat",
                                .onnx = "Concat",
                                .opset = 13,
                                .signature = "inputs... -> concat_result",
                                .formula = "concat_result = the inputs, one after the other along the axis",
                                .vjp = "dx_k = the part of g where input k lies",
                                .source = "ONNX Concat-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t inputs = s.choose<index_t>({2, 3, 1, 4});
    shape x = s.dims(1, 4);
    const index_t rank = static_cast<index_t>(x.size());
    const index_t axis = s.attribute("axis", s.pick(2 * rank) - rank);
    index_t& extent = x[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
    for (index_t k = 0; k < inputs; ++k) {
      s.input(x);
      extent = s.extent(1, 5);
    }
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (in.empty()) throw invalid_input("concat of nothing");
    shape y = in[0];
    const index_t axis = a.integer("axis");
    slices(y, axis);  // throws if there is no such axis
    const std::size_t at = static_cast<std::size_t>(axis < 0 ? axis + static_cast<index_t>(y.size()) : axis);
    for (std::size_t k = 1; k < in.size(); ++k) {
      shape aligned = in[k];
      if (aligned.size() == y.size()) aligned[at] = y[at];
      if (aligned != y) throw invalid_input(to_string(in[k]) + " does not fit " + to_string(in[0]));
      y[at] += in[k][at];
    }
    return {y};
  }

  template <scalar S>
  static std::vector<index_t> extents(const call<S>& c) {
    std::vector<index_t> along;
    for (const values<S>& x : c.in) along.push_back(x.extent(c.attrs.integer("axis")));
    return along;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_in_parts(y[0].dims(), c.attrs.integer("axis"), extents(c),
                  [&](std::size_t k, index_t i, index_t j) { y[0][j] = c.in[k][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each_in_parts(g[0].dims(), c.attrs.integer("axis"), extents(c), [&](std::size_t k, index_t i, index_t j) {
      if (d[k].present()) d[k][i] = g[0][j];
    });
  }
};

}  // namespace backproof::ops
