// Acosh, elementwise.
//
//   y  = acosh(x)
//   dx = g / (sqrt(x - 1) sqrt(x + 1))
//
// Defined for x >= 1; below y and dx are NaN. Singular at 1, where dx is infinite. Two roots, because the product
// x^2 - 1 overflows from 1.84e19 in f32, where dx is near g / x still, and is positive again below -1.
// Source: ONNX Acosh-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct acosh : elementwise::unary<acosh> {
  static constexpr op_info info{.name = "acosh",
                                .onnx = "Acosh",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = acosh(x)",
                                .vjp = "dx = g / (sqrt(x - 1) sqrt(x + 1))",
                                .source = "ONNX Acosh-22"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = 1.0078125, .high = 10000}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::acosh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g / (math::sqrt(x - S(1)) * math::sqrt(x + S(1)));
  }

  struct by_square : elementwise::unary<by_square> {
    static constexpr variant_info info{
        .name = "sqrt(x*x-1)", .loss = "x*x-1 cancels near 1, and x*x overflows", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::log(x + math::sqrt(x * x - S(1)));
    }
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g / math::sqrt(x * x - S(1));
    }
  };
  using variants = variant_list<by_square>;
};

}  // namespace backproof::ops
