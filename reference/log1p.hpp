// log1p, the logarithm of 1 + x that keeps the digits of a small x, elementwise.
//
//   y  = ln(1 + x)
//   dx = g / (1 + x)
//
// Defined for x > -1. At x = -1 it is singular: y = -inf, and dx is infinite. Below there is neither value nor
// derivative, so dx is NaN there: any answer is as good. Evaluated as written y is 0 for all |x| < 2^-24 in f32.
// Source: torch.log1p; C11 7.12.6.9.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct log1p : elementwise::unary<log1p> {
  static constexpr op_info info{.name = "log1p",
                                .signature = "x -> y",
                                .formula = "y = ln(1 + x)",
                                .vjp = "dx = g / (1 + x)",
                                .source = "torch.log1p"};

  static void draw(sampler& s) {
    const double high = s.choose({10000.0, 0.125});
    s.input(s.dims(0, 3), {.low = -0.984375, .high = high});
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::log1p(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return x < S(-1) ? math::log1p(x) : g / (S(1) + x);
  }

  struct log_of_sum : elementwise::unary_value<log_of_sum> {
    static constexpr variant_info info{
        .name = "log(1+x)", .loss = "1+x drops the last digits of a small x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::log(S(1) + x);
    }
  };
  using variants = variant_list<log_of_sum>;
};

}  // namespace backproof::ops
