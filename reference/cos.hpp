// Cos, elementwise.
//
//   y  = cos(x)
//   dx = -g sin(x)
//
// Smooth everywhere; NaN at infinities. Source: ONNX Cos-22.
#pragma once

#include "frames/circular.hpp"

namespace backproof::ops {

struct cos : elementwise::unary<cos> {
  static constexpr op_info info{.name = "cos",
                                .onnx = "Cos",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = cos(x)",
                                .vjp = "dx = -g sin(x)",
                                .source = "ONNX Cos-22"};
  static constexpr law laws[] = {law::norm(1), law::reflection(0)};

  static void draw(sampler& s) { elementwise::draw_angles(s); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::cos(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return -(g * math::sin(x));
  }
};

}  // namespace backproof::ops
