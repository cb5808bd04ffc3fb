// log_sigmoid, elementwise.
//
//   y  = log s(x) = -log(1 + exp(-x)) = min(x, 0) - log(1 + exp(-|x|)),   s the logistic function
//   dx = g s(-x)
//
// Smooth everywhere. exp(-|x|) never overflows; y is 0 at inf, and -inf at -inf with the slope 1. The derivative as
// (z - 1) / z, z = 1 + exp(-x), or as 1 - s(x), has lost all digits from x = 17.4 in f32, 37.5 in f64.
// Source: torch.nn.functional.logsigmoid; THNN LogSigmoid.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct log_sigmoid : elementwise::unary<log_sigmoid> {
  static constexpr op_info info{.name = "log_sigmoid",
                                .signature = "x -> y",
                                .formula = "y = -log(1 + exp(-x))",
                                .vjp = "dx = g s(-x)",
                                .source = "torch.nn.functional.logsigmoid"};
  static constexpr law laws[] = {law::reflection(1), law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return -logistic::softplus(-x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * logistic::sigmoid(-x);
  }

  struct from_sum : elementwise::unary_vjp<from_sum> {
    static constexpr variant_info info{
        .name = "(z-1)/z, z=1+exp(-|x|)", .loss = "z-1 cancels for large x", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S z = S(1) + math::exp(-math::abs(x)), small = (z - S(1)) / z;
      return x < S(0) ? g * (S(1) - small) : g * small;
    }
  };
  struct log_of_sigmoid : elementwise::unary<log_of_sigmoid> {
    static constexpr variant_info info{
        .name = "log(s(x)), 1-s(x)", .loss = "s(x) rounds to 1 for large x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::log(logistic::sigmoid(x));
    }
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g * (S(1) - logistic::sigmoid(x));
    }
  };
  using variants = variant_list<from_sum, log_of_sigmoid>;
};

}  // namespace backproof::ops
