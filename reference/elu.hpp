// Elu, elementwise.
//
//   y  = x for x >= 0, else alpha (exp(x) - 1)
//   dx = g for x > 0, else g alpha exp(x)
//
// Kink at x = 0 unless alpha is 1: any slope between alpha and 1 is a subgradient, and the reference takes alpha.
// exp(x) - 1 loses the digits of a small x, so y is written in expm1; y + alpha, the derivative from the output, has
// lost all of its digits from x = -17.4 in f32, -37.5 in f64. Source: ONNX Elu-22; THNN ELU.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct elu : elementwise::unary<elu> {
  static constexpr op_info info{.name = "elu",
                                .onnx = "Elu",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = x for x >= 0, else alpha (exp(x) - 1)",
                                .vjp = "dx = g for x > 0, else g alpha exp(x)",
                                .source = "ONNX Elu-22"};

  static void draw(sampler& s) {
    s.attribute("alpha", s.choose({1.0, 0.5, static_cast<double>(1.3f), -2.0}));
    s.input(s.dims(0, 3), {.kinks = {0}});
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return x < S(0) ? S(a.number("alpha")) * math::expm1(x) : x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return S(0) < x ? g : g * (S(a.number("alpha")) * math::exp(x));
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    const real alpha(a.number("alpha"));
    if (x == real(0)) return elementwise::slopes{math::min(alpha, real(1)), math::max(alpha, real(1))};
    return std::nullopt;
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "y+alpha", .loss = "y+alpha from the rounded output cancels for x far below 0", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      return S(0) < x ? g : g * (value(x, a) + S(a.number("alpha")));
    }
  };
  struct exp_less_one : elementwise::unary_value<exp_less_one> {
    static constexpr variant_info info{.name = "exp(x)-1", .loss = "cancels for small x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes& a) {
      return x < S(0) ? S(a.number("alpha")) * (math::exp(x) - S(1)) : x;
    }
  };
  using variants = variant_list<from_output, exp_less_one>;
};

}  // namespace backproof::ops
