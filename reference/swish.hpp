// Swish, elementwise; with alpha = 1 also called SiLU.
//
//   y  = x s(t),   t = alpha x, s the logistic function
//   dx = g (s(t) + t s(t) s(-t))
//
// Smooth everywhere. s(t) vanishes faster than x grows, so y goes to 0 where t goes to -inf. 1 - s(t) from the rounded
// s(t) has lost its digits for large t. Source: ONNX Swish-24; Ramachandran, Zoph, Le, Searching for activation
// functions, 2017.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct swish : elementwise::unary<swish> {
  static constexpr op_info info{.name = "swish",
                                .onnx = "Swish",
                                .opset = 24,
                                .signature = "X -> Y",
                                .formula = "y = x s(alpha x), s(t) = 1 / (1 + exp(-t))",
                                .vjp = "dx = g (s(t) + t s(t) s(-t)), t = alpha x",
                                .source = "ONNX Swish-24"};
  static constexpr law laws[] = {law::reflection(1), law::norm(1.1)};

  static void draw(sampler& s) {
    s.attribute("alpha", s.choose({1.0, static_cast<double>(1.7f), 0.5, -1.0}));
    s.input(s.dims(0, 3));
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return logistic::swish(x, S(a.number("alpha")));
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return g * logistic::swish_slope(x, S(a.number("alpha")));
  }

  struct one_minus : elementwise::unary_vjp<one_minus> {
    static constexpr variant_info info{
        .name = "s*(1+t*(1-s))", .loss = "1-s from the rounded s cancels for large t, and t multiplies what is left"};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      const S t = S(a.number("alpha")) * x, s = logistic::sigmoid(t);
      return g * (s * (S(1) + t * (S(1) - s)));
    }
  };
  using variants = variant_list<one_minus>;
};

}  // namespace backproof::ops
