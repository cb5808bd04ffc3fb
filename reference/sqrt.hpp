// Sqrt, elementwise.
//
//   y  = sqrt(x)
//   dx = g / (2 sqrt(x))
//
// Defined for x >= 0; below y and dx are NaN. Singular at 0, where dx is infinite; at -0, whose root is -0, with the
// other sign, as IEEE 754 has it for 1 / sqrt(x).
// Source: ONNX Sqrt-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct sqrt : elementwise::unary<sqrt> {
  static constexpr op_info info{.name = "sqrt",
                                .onnx = "Sqrt",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = sqrt(x)",
                                .vjp = "dx = g / (2 sqrt(x))",
                                .source = "ONNX Sqrt-13"};
  static constexpr law laws[] = {law::homogeneous(0.5)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = 0x1p-12, .high = 10000}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::sqrt(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g / (S(2) * math::sqrt(x));
  }
};

}  // namespace backproof::ops
