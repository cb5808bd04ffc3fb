// ReduceMin over any axes.
//
//   y    = smallest of the group
//   dx_i = g / |T| for i in T = {i : x_i = y}, else 0
//
// Kinks where elements tie: any weights >= 0 on T that add up to 1 are a subgradient, and the reference takes the even
// ones. Equal infinities tie as well. A NaN wins. Of no elements the smallest is +inf.
// Source: ONNX ReduceMin-20, with axes as an attribute.
#pragma once

#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_min : reduction::extreme<reduce_min, -1> {
  static constexpr op_info info{.name = "reduce_min",
                                .onnx = "ReduceMin",
                                .opset = 20,
                                .signature = "data -> reduced",
                                .formula = "y = smallest of the group",
                                .vjp = "dx_i = g / |T| for i in T = {i : x_i = y}, else 0",
                                .source = "ONNX ReduceMin-20"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1), law::norm(1)};
};

}  // namespace backproof::ops
