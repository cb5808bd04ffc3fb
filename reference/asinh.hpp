// Asinh, elementwise.
//
//   y  = asinh(x)
//   dx = g / sqrt(1 + x^2) = g / (|x| sqrt(1 + 1/x^2))
//
// Smooth everywhere. The second form is for |x| > 1: x^2 overflows from 1.84e19 in f32, where dx is near g / |x| still.
// Source: ONNX Asinh-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct asinh : elementwise::unary<asinh> {
  static constexpr op_info info{.name = "asinh",
                                .onnx = "Asinh",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = asinh(x)",
                                .vjp = "dx = g / sqrt(1 + x^2)",
                                .source = "ONNX Asinh-22"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::asinh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const S a = math::abs(x);
    if (a < S(1)) return g / math::sqrt(S(1) + x * x);
    const S r = S(1) / a;
    return g / (a * math::sqrt(S(1) + r * r));
  }

  struct logarithm : elementwise::unary_value<logarithm> {
    static constexpr variant_info info{.name = "log(x+sqrt(x*x+1))",
                                       .loss = "cancels for x < 0, loses a small x, and x*x overflows"};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::log(x + math::sqrt(x * x + S(1)));
    }
  };
  struct by_square : elementwise::unary_vjp<by_square> {
    static constexpr variant_info info{.name = "1/sqrt(x*x+1)", .loss = "x*x overflows", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g / math::sqrt(x * x + S(1));
    }
  };
  using variants = variant_list<logarithm, by_square>;
};

}  // namespace backproof::ops
