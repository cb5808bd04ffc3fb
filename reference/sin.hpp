// Sin, elementwise.
//
//   y  = sin(x)
//   dx = g cos(x)
//
// Smooth everywhere; NaN at infinities. Source: ONNX Sin-22.
#pragma once

#include "frames/circular.hpp"

namespace backproof::ops {

struct sin : elementwise::unary<sin> {
  static constexpr op_info info{.name = "sin",
                                .onnx = "Sin",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = sin(x)",
                                .vjp = "dx = g cos(x)",
                                .source = "ONNX Sin-22"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { elementwise::draw_angles(s); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::sin(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * math::cos(x);
  }
};

}  // namespace backproof::ops
