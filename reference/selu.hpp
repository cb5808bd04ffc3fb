// Selu, elementwise.
//
//   y  = gamma x for x > 0, else gamma alpha (exp(x) - 1)
//   dx = g gamma for x > 0, else g gamma alpha exp(x)
//
// Kink at x = 0: any slope between gamma and gamma alpha is a subgradient, and the reference takes gamma. Hazards as
// for Elu. ONNX's defaults are alpha = 1.67326... and gamma = 1.05070... rounded to f32; frameworks that compute in f64
// use more of their digits, which is a difference of 3e-8, so both pairs are among the samples. Source: ONNX Selu-22;
// Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks, 2017.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct selu : elementwise::unary<selu> {
  static constexpr op_info info{.name = "selu",
                                .onnx = "Selu",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = gamma x for x > 0, else gamma alpha (exp(x) - 1)",
                                .vjp = "dx = g gamma for x > 0, else g gamma alpha exp(x)",
                                .source = "ONNX Selu-22"};

  static void draw(sampler& s) {
    const index_t kind = s.pick(3);
    constexpr double alphas[] = {1.67326319217681884765625, 1.6732632423543772848170429916717, 0.75};
    constexpr double gammas[] = {1.05070102214813232421875, 1.0507009873554804934193349852946, 1.5};
    s.attribute("alpha", alphas[kind]);
    s.attribute("gamma", gammas[kind]);
    s.input(s.dims(0, 3), {.kinks = {0}});
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    const S gamma(a.number("gamma")), alpha(a.number("alpha"));
    return x < S(0) ? gamma * (alpha * math::expm1(x)) : gamma * x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    const S gamma(a.number("gamma")), alpha(a.number("alpha"));
    return x < S(0) ? g * (gamma * alpha * math::exp(x)) : g * gamma;
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    const real right(a.number("gamma")), left = right * real(a.number("alpha"));
    if (x == real(0)) return elementwise::slopes{math::min(left, right), math::max(left, right)};
    return std::nullopt;
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{.name = "y+gamma*alpha",
                                       .loss = "y+gamma*alpha from the rounded output cancels for x far below 0",
                                       .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      const S gamma(a.number("gamma")), alpha(a.number("alpha"));
      return x < S(0) ? g * (value(x, a) + gamma * alpha) : g * gamma;
    }
  };
  struct exp_less_one : elementwise::unary_value<exp_less_one> {
    static constexpr variant_info info{.name = "exp(x)-1", .loss = "cancels for small x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes& a) {
      const S gamma(a.number("gamma")), alpha(a.number("alpha"));
      return x < S(0) ? gamma * (alpha * (math::exp(x) - S(1))) : gamma * x;
    }
  };
  using variants = variant_list<from_output, exp_less_one>;
};

}  // namespace backproof::ops
