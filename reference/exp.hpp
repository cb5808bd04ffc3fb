// Exp, elementwise.
//
//   y  = exp(x)
//   dx = g exp(x)
//
// Smooth everywhere. Drawn from [-80, 80], where f32 neither overflows (from 88.72) nor underflows; f16 overflows
// from 11.09, where an infinity of the right sign is right.
// Source: ONNX Exp-13; the circuit example of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct exp : elementwise::unary<exp> {
  static constexpr op_info info{.name = "exp",
                                .onnx = "Exp",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = exp(x)",
                                .vjp = "dx = g exp(x)",
                                .source = "ONNX Exp-13"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -80, .high = 80}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::exp(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * math::exp(x);
  }
};

}  // namespace backproof::ops
