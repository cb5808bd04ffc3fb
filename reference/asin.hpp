// Asin, elementwise.
//
//   y  = asin(x)
//   dx = g / sqrt((1 - x) (1 + x))
//
// Defined for |x| <= 1; outside y and dx are NaN. Singular at -1 and 1, where dx is infinite. 1 - x is exact near 1 in
// floating-point arithmetic, where 1 - x^2 has lost the digits of x^2 already.
// Source: ONNX Asin-22.
#pragma once

#include "backproof/elementwise.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct asin : elementwise::unary<asin> {
  static constexpr op_info info{.name = "asin",
                                .onnx = "Asin",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = asin(x)",
                                .vjp = "dx = g / sqrt((1 - x) (1 + x))",
                                .source = "ONNX Asin-22"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -0.9921875, .high = 0.9921875}); }

  template <scalar S>
  static S root(const S& x) {
    return math::sqrt((S(1) - x) * (S(1) + x));
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::asin(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g / root(x);
  }

  struct by_square : elementwise::unary_vjp<by_square> {
    static constexpr variant_info info{
        .name = "sqrt(1-x*x)", .loss = "1-x*x cancels near -1 and 1", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g / math::sqrt(S(1) - x * x);
    }
  };
  using variants = variant_list<by_square>;
};

}  // namespace backproof::ops
