// tanhshrink, elementwise.
//
//   y  = x - tanh(x)
//   dx = g tanh(x)^2
//
// Smooth everywhere. Near 0 y is about x^3 / 3, and the difference cancels; there
//
//   y cosh(x) = x cosh(x) - sinh(x) = sum_k 2k x^(2k+1) / (2k+1)! = x^3 / 3 (1 + x^2 / (2 5) (1 + x^2 / (4 7) (1 +
//   ...)))
//
// has terms of one sign only. g - g (1 - y^2), which is what differentiating the difference gives, cancels there too.
// Source: torch.nn.functional.tanhshrink.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct tanhshrink : elementwise::unary<tanhshrink> {
  static constexpr op_info info{.name = "tanhshrink",
                                .signature = "x -> y",
                                .formula = "y = x - tanh(x)",
                                .vjp = "dx = g tanh(x)^2",
                                .source = "torch.nn.functional.tanhshrink"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S series(const S& x) {
    constexpr int terms = 40;  // the first one that is left out is below 1e-120 for |x| <= 1
    const S square = x * x;
    S nested(1);
    for (int k = terms; k > 0; --k) nested = S(1) + square / S(2 * k * (2 * k + 3)) * nested;
    return x * square / S(3) * nested / math::cosh(x);
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::abs(x) < S(1) ? series(x) : x - math::tanh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const S t = math::tanh(x);
    return g * (t * t);
  }

  struct difference : elementwise::unary_value<difference> {
    static constexpr variant_info info{.name = "x-tanh(x)", .loss = "the difference cancels for small x"};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return x - math::tanh(x);
    }
  };
  struct difference_of_slopes : elementwise::unary_vjp<difference_of_slopes> {
    static constexpr variant_info info{
        .name = "1-(1-y*y)", .loss = "the difference cancels for small x", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S t = math::tanh(x);
      return g - g * (S(1) - t * t);
    }
  };
  using variants = variant_list<difference, difference_of_slopes>;
};

}  // namespace backproof::ops
