// ReduceMax over any axes.
//
//   y    = largest of the group
//   dx_i = g / |T| for i in T = {i : x_i = y}, else 0
//
// Kinks where elements tie: any weights >= 0 on T that add up to 1 are a subgradient, and the reference takes the even
// ones. Equal infinities tie as well. A NaN wins. Of no elements the largest is -inf.
// Source: ONNX ReduceMax-20, with axes as an attribute.
#pragma once

#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_max : reduction::extreme<reduce_max, 1> {
  static constexpr op_info info{.name = "reduce_max",
                                .onnx = "ReduceMax",
                                .opset = 20,
                                .signature = "data -> reduced",
                                .formula = "y = largest of the group",
                                .vjp = "dx_i = g / |T| for i in T = {i : x_i = y}, else 0",
                                .source = "ONNX ReduceMax-20"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1), law::norm(1)};
};

}  // namespace backproof::ops
