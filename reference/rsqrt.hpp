// Reciprocal square root, elementwise.
//
//   y  = 1 / sqrt(x)
//   dx = -g / (2 x sqrt(x))
//
// Domain x > 0; NaN for x < 0. Singular at 0, where y is infinite and dx is minus infinity times g: the one-sided
// limit. dx divides by x and by sqrt(x) in turn, because x sqrt(x) and the y^3 that is in use over- and underflow
// before dx does. Source: torch.rsqrt.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct rsqrt : elementwise::unary<rsqrt> {
  static constexpr op_info info{.name = "rsqrt",
                                .signature = "x -> y",
                                .formula = "y = 1 / sqrt(x)",
                                .vjp = "dx = -g / (2 x sqrt(x))",
                                .source = "torch.rsqrt"};
  static constexpr law laws[] = {law::homogeneous(-0.5)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = 0.00390625, .high = 256}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return S(1) / math::sqrt(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    if (S(1) / x < S(0)) return math::log(S(-1));  // undefined, as at -0
    return S(-0.5) * (g / x / math::sqrt(x));
  }

  struct cube : elementwise::unary_vjp<cube> {
    static constexpr variant_info info{
        .name = "-g*y^3/2", .loss = "y^3 over- and underflows before the product does", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      const S y = value(x, a);
      return S(-0.5) * g * (y * y * y);
    }
  };
  using variants = variant_list<cube>;
};

}  // namespace backproof::ops
