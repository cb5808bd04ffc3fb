// ReduceSum over any axes.
//
//   y    = sum of the group
//   dx_i = g
//
// Linear, smooth everywhere; the adjoint of broadcasting. The sum over no elements is 0.
// Source: ONNX ReduceSum-13, with axes as an attribute.
#pragma once

#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_sum : reduction::frame<reduce_sum> {
  static constexpr op_info info{.name = "reduce_sum",
                                .onnx = "ReduceSum",
                                .opset = 13,
                                .signature = "data -> reduced",
                                .formula = "y = sum of the group",
                                .vjp = "dx_i = g",
                                .source = "ONNX ReduceSum-13"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) { s.input(reduction::draw(s)); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    sum<S> total;
    for (const S& one : x) total += one;
    return total.value();
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    return std::vector<S>(x.size(), g);
  }
};

}  // namespace backproof::ops
