// Atan, elementwise.
//
//   y  = atan(x)
//   dx = g / (1 + x^2)
//
// Smooth everywhere. Where x^2 overflows, the derivative 1 / x^2 is below the smallest normal number.
// Source: ONNX Atan-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct atan : elementwise::unary<atan> {
  static constexpr op_info info{.name = "atan",
                                .onnx = "Atan",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = atan(x)",
                                .vjp = "dx = g / (1 + x^2)",
                                .source = "ONNX Atan-22"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::atan(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g / (S(1) + x * x);
  }
};

}  // namespace backproof::ops
