// softplus, elementwise: a smooth max(0, x), and x itself beyond a threshold.
//
//   y  = x for beta x > threshold, else (max(t, 0) + log(1 + exp(-|t|))) / beta,   t = beta x
//   dx = g for beta x > threshold, else g s(t),   s the logistic function
//
// exp(-|t|) never overflows. At beta x = threshold y jumps by log(1 + exp(-threshold)) / beta and the slope from
// s(threshold) to 1; anything in between is accepted for the gradient. ONNX Softplus is the case beta = 1,
// threshold = inf. Source: torch.nn.functional.softplus; THNN SoftPlus; ONNX Softplus-22.
#pragma once

#include <limits>

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct softplus : elementwise::unary<softplus> {
  static constexpr op_info info{.name = "softplus",
                                .signature = "x -> y",
                                .formula = "y = x for beta x > threshold, else log(1 + exp(beta x)) / beta",
                                .vjp = "dx = g for beta x > threshold, else g s(beta x)",
                                .source = "torch.nn.functional.softplus"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) {
    const double beta = s.attribute("beta", s.choose({1.0, 0.5, 3.0}));
    const double threshold =
        s.attribute("threshold", s.choose({20.0, 2.0, 100.0, std::numeric_limits<double>::infinity()}));
    // Only where beta x is exact do all subjects find the same side of the jump.
    const bool exact = beta != 3 && threshold < 1000;
    // Far out exp(beta x) overflows, where nothing cuts it off before.
    const domain anywhere =
        threshold < 100 ? domain{} : s.choose({domain{}, domain{.low = 60 / beta, .high = 160 / beta}});
    s.input(s.dims(0, 3),
            exact ? domain{.low = anywhere.low, .high = anywhere.high, .kinks = {threshold / beta}} : anywhere);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("beta") > 0)) throw invalid_input("beta must be positive");
    return {in[0]};
  }

  template <scalar S>
  static bool beyond(const S& x, const attributes& a) {
    return S(a.number("threshold")) < S(a.number("beta")) * x;
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    const S beta(a.number("beta"));
    return beyond(x, a) ? x : logistic::softplus(beta * x) / beta;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return beyond(x, a) ? g : g * logistic::sigmoid(S(a.number("beta")) * x);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential& s) {
    const real t = real(a.number("beta")) * x, threshold(a.number("threshold"));
    if (isfinite(threshold) && s.near(t - threshold, t)) return elementwise::slopes{logistic::sigmoid(threshold), 1};
    return std::nullopt;
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{.name = "(z-1)/z, z=exp(beta*y)",
                                       .loss = "z-1 from the rounded output cancels for x far below 0",
                                       .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      if (beyond(x, a)) return g;
      const S z = math::exp(S(a.number("beta")) * value(x, a));
      return g * ((z - S(1)) / z);
    }
  };
  struct log_of_sum : elementwise::unary_value<log_of_sum> {
    static constexpr variant_info info{
        .name = "log(1+exp(beta*x))/beta", .loss = "1+exp rounds to 1 for x far below 0", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes& a) {
      const S beta(a.number("beta"));
      return beyond(x, a) ? x : math::log(S(1) + math::exp(beta * x)) / beta;
    }
  };
  using variants = variant_list<from_output, log_of_sum>;
};

}  // namespace backproof::ops
