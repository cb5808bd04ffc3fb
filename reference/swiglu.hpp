// swiglu, elementwise: a linear unit gated by Swish.
//
//   Y  = a s(t) b,   t = alpha a, s the logistic function
//   dA = g b (s(t) + t s(t) s(-t)),   dB = g a s(t)
//
// A and B have one shape; nothing is broadcast. Smooth everywhere, with the hazards of Swish.
// Source: Shazeer, GLU variants improve transformer, 2020; ONNX SwiGLU-28, which is not released yet.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct swiglu : elementwise::binary<swiglu> {
  static constexpr op_info info{.name = "swiglu",
                                .signature = "A, B -> Y",
                                .formula = "Y = a s(alpha a) b, s(t) = 1 / (1 + exp(-t))",
                                .vjp = "dA = g b (s(t) + t s(t) s(-t)), t = alpha a; dB = g a s(t)",
                                .source = "Shazeer, GLU variants improve transformer, 2020"};
  static constexpr law laws[] = {law::linear_in(1)};

  static void draw(sampler& s) {
    s.attribute("alpha", s.choose({1.0, static_cast<double>(1.7f), 0.5, -1.0}));
    const shape x = s.dims(0, 3);
    s.input(x);
    s.input(x);
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (in[0] != in[1])
      throw invalid_input("A " + to_string(in[0]) + " and B " + to_string(in[1]) + " differ in shape");
    return {in[0]};
  }

  template <scalar S>
  static S value(const S& x, const S& b, const attributes& a) {
    return logistic::swish(x, S(a.number("alpha"))) * b;
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& x, const S& b, const S& g, const attributes& a) {
    const S alpha(a.number("alpha"));
    return {g * b * logistic::swish_slope(x, alpha), g * logistic::swish(x, alpha)};
  }

  struct one_minus : elementwise::binary_vjp<one_minus> {
    static constexpr variant_info info{
        .name = "s*(1+t*(1-s))", .loss = "1-s from the rounded s cancels for large t, and t multiplies what is left"};
    template <scalar S>
    static std::array<S, 2> pull(const S& x, const S& b, const S& g, const attributes& a) {
      const S alpha(a.number("alpha")), t = alpha * x, s = logistic::sigmoid(t);
      return {g * b * (s * (S(1) + t * (S(1) - s))), g * logistic::swish(x, alpha)};
    }
  };
  using variants = variant_list<one_minus>;
};

}  // namespace backproof::ops
