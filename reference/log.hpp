// Log, the natural logarithm, elementwise.
//
//   y  = ln(x)
//   dx = g / x
//
// Defined for x > 0. At x = 0 it is singular: y = -inf, and dx is infinite. Below there is neither value nor
// derivative; 1 / x is a number there all the same, so dx is set to NaN, for which any answer is as good.
// Source: ONNX Log-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct log : elementwise::unary<log> {
  static constexpr op_info info{.name = "log",
                                .onnx = "Log",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = ln(x)",
                                .vjp = "dx = g / x",
                                .source = "ONNX Log-13"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = 0x1p-12, .high = 10000}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::log(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return x < S(0) ? math::log(x) : g / x;
  }
};

}  // namespace backproof::ops
