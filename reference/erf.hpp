// Erf, the error function, elementwise.
//
//   y  = erf(x)
//   dx = g 2/sqrt(pi) exp(-x^2)
//
// Smooth everywhere. Drawn from [-6, 6]: dx underflows from |x| = 9.3 in f32, from 3.2 in f16.
// Source: ONNX Erf-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct erf : elementwise::unary<erf> {
  static constexpr op_info info{.name = "erf",
                                .onnx = "Erf",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = erf(x)",
                                .vjp = "dx = g 2/sqrt(pi) exp(-x^2)",
                                .source = "ONNX Erf-13"};
  static constexpr law laws[] = {law::norm(1.128379167095513)};  // 2/sqrt(pi), rounded up

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -6, .high = 6}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::erf(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * (math::constant<S>(real(2) / math::sqrt(real::pi())) * math::exp(-(x * x)));
  }
};

}  // namespace backproof::ops
