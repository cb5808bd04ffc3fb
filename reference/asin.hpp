// Asin, elementwise.
//
//   y  = asin(x)
//   dx = g / sqrt((1 - x) (1 + x))
//
// Defined for |x| <= 1; outside y and dx are NaN. Singular at -1 and 1, where dx is infinite.
// Source: ONNX Asin-22.
#pragma once

#include "frames/circular.hpp"

namespace backproof::ops {

struct asin : elementwise::arc<asin, 1> {
  static constexpr op_info info{.name = "asin",
                                .onnx = "Asin",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = asin(x)",
                                .vjp = "dx = g / sqrt((1 - x) (1 + x))",
                                .source = "ONNX Asin-22"};

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::asin(x);
  }
};

}  // namespace backproof::ops
