// Gelu, elementwise, in its two forms.
//
//   none:  y  = x P,      P = erfc(-x / sqrt 2) / 2, the normal distribution function
//          dx = g (P + x exp(-x^2 / 2) / sqrt(2 pi))
//   tanh:  y  = x s(t),   t = 2 sqrt(2 / pi) (x + 0.044715 x^3), s the logistic function
//          dx = g (s(t) + x t' s(t) s(-t))
//
// The tanh form is usually written 0.5 x (1 + tanh(t / 2)), which is the same. Smooth everywhere. P vanishes faster
// than x grows, so y goes to 0 at -inf. (1 + erf(x / sqrt 2)) / 2 cancels below 0 and is 0 from x = -5.5 in f32, -8.3
// in f64, and 1 + tanh is no better. Source: ONNX Gelu-20; Hendrycks, Gimpel, Gaussian error linear units, 2016.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct gelu : elementwise::unary<gelu> {
  static constexpr op_info info{.name = "gelu",
                                .onnx = "Gelu",
                                .opset = 20,
                                .signature = "X -> Y",
                                .formula = "y = x P(x), P the normal distribution function or x s(t) near it",
                                .vjp = "dx = g (P + x P')",
                                .source = "ONNX Gelu-20"};
  static constexpr law laws[] = {law::reflection(1), law::norm(1.129)};

  static void draw(sampler& s) {
    s.attribute("approximate", s.choose<std::string>({"none", "tanh"}));
    s.input(s.dims(0, 3));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const std::string& form = a.text("approximate");
    if (form != "none" && form != "tanh") throw invalid_input("approximate is '" + form + "', not none or tanh");
    return {in[0]};
  }

  static bool by_tanh(const attributes& a) { return a.text("approximate") == "tanh"; }

  template <scalar S>
  static S coefficient() {  // of x^3
    return S(44715) / S(1000000);
  }
  template <scalar S>
  static S t(const S& x) {
    return S(2) * math::sqrt(S(2) / math::pi<S>()) * (x + coefficient<S>() * x * x * x);
  }
  template <scalar S>
  static S t_slope(const S& x) {
    return S(2) * math::sqrt(S(2) / math::pi<S>()) * (S(1) + S(3) * coefficient<S>() * x * x);
  }

  template <scalar S>
  static S probability(const S& x, const attributes& a) {
    return by_tanh(a) ? logistic::sigmoid(t(x)) : S(0.5) * math::erfc(-x / math::sqrt(S(2)));
  }
  template <scalar S>
  static S density(const S& x) {
    return math::exp(-(x * x) / S(2)) / math::sqrt(S(2) * math::pi<S>());
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return logistic::gated(x, probability(x, a));
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    const S p = probability(x, a);
    if (!by_tanh(a)) return g * (p + logistic::gated(x, density(x)));
    return g * (p + logistic::gated(x * t_slope(x), p * logistic::sigmoid(-t(x))));
  }

  struct one_and : elementwise::unary<one_and> {
    static constexpr variant_info info{.name = "1+erf, 1+tanh", .loss = "1+erf and 1+tanh cancel below 0"};
    template <scalar S>
    static S odd(const S& x, const attributes& a) {  // 2 P - 1
      return by_tanh(a) ? math::tanh(t(x) / S(2)) : math::erf(x / math::sqrt(S(2)));
    }
    template <scalar S>
    static S value(const S& x, const attributes& a) {
      return S(0.5) * x * (S(1) + odd(x, a));
    }
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      const S h = odd(x, a), p = S(0.5) * (S(1) + h);
      if (!by_tanh(a)) return g * (p + x * density(x));
      return g * (p + S(0.25) * x * (S(1) - h * h) * t_slope(x));
    }
  };
  using variants = variant_list<one_and>;
};

}  // namespace backproof::ops
