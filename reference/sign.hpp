// Sign, elementwise.
//
//   y  = -1 for x < 0, 0 for x = 0, 1 for x > 0
//   dx = 0
//
// The gradient is zero everywhere. Jump at x = 0, where there is no derivative; both one-sided slopes are 0.
// Source: ONNX Sign-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/piecewise_constant.hpp"

namespace backproof::ops {

struct sign : elementwise::piecewise_constant<sign> {
  static constexpr op_info info{.name = "sign",
                                .onnx = "Sign",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = -1 for x < 0, 0 for x = 0, 1 for x > 0",
                                .vjp = "dx = 0",
                                .source = "ONNX Sign-13",
                                .zero_gradient = true};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.kinks = {0}}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    if (x == S(0)) return S(0);
    if (x < S(0)) return S(-1);
    return S(0) < x ? S(1) : x;  // a NaN stays
  }

  static bool jumps(const real& x) { return x == real(0); }
};

}  // namespace backproof::ops
