// Exp, elementwise.
//
//   y  = exp(x)
//   dx = g exp(x)
//
// Smooth everywhere. Drawn from [-80, 80], where f32 neither overflows (from 88.72) nor underflows; f16 overflows
// from 11.09, where an infinity of the right sign is right.
// Source: ONNX Exp-13; the circuit example of the backpropagation lectures.
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct exp {
  static constexpr op_info info{.name = "exp",
                                .onnx = "Exp",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = exp(x)",
                                .vjp = "dx = g exp(x)",
                                .source = "ONNX Exp-13",
                                .unary = true};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -80, .high = 80}); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = math::exp(c.in[0][i]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i] * math::exp(c.in[0][i]);
  }
};

}  // namespace backproof::ops
