// Acos, elementwise.
//
//   y  = acos(x)
//   dx = -g / sqrt((1 - x) (1 + x))
//
// Defined for |x| <= 1; outside y and dx are NaN. Singular at -1 and 1, where dx is infinite.
// Source: ONNX Acos-22.
#pragma once

#include "frames/circular.hpp"

namespace backproof::ops {

struct acos : elementwise::arc<acos, -1> {
  static constexpr op_info info{.name = "acos",
                                .onnx = "Acos",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = acos(x)",
                                .vjp = "dx = -g / sqrt((1 - x) (1 + x))",
                                .source = "ONNX Acos-22"};

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::acos(x);
  }
};

}  // namespace backproof::ops
