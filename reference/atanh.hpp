// Atanh, elementwise.
//
//   y  = atanh(x)
//   dx = g / ((1 - x) (1 + x))
//
// Defined for |x| < 1. Singular at -1 and 1, where y and dx are infinite. Outside there is neither value nor
// derivative; the formula yields a number there all the same, so dx is set to NaN, for which any answer is as good.
// Source: ONNX Atanh-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct atanh : elementwise::unary<atanh> {
  static constexpr op_info info{.name = "atanh",
                                .onnx = "Atanh",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = atanh(x)",
                                .vjp = "dx = g / ((1 - x) (1 + x))",
                                .source = "ONNX Atanh-22"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -0.9921875, .high = 0.9921875}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::atanh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return S(1) < math::abs(x) ? math::atanh(x) : g / ((S(1) - x) * (S(1) + x));
  }

  struct by_square : elementwise::unary_vjp<by_square> {
    static constexpr variant_info info{.name = "1-x*x", .loss = "cancels near -1 and 1", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g / (S(1) - x * x);
    }
  };
  struct logarithm : elementwise::unary_value<logarithm> {
    static constexpr variant_info info{.name = "log((1+x)/(1-x))/2", .loss = "loses the digits of a small x"};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::log((S(1) + x) / (S(1) - x)) / S(2);
    }
  };
  using variants = variant_list<by_square, logarithm>;
};

}  // namespace backproof::ops
