// expm1, the exponential less 1 that keeps the digits of a small x, elementwise.
//
//   y  = exp(x) - 1
//   dx = g exp(x)
//
// Smooth everywhere. Drawn from [-80, 80], where f32 neither overflows nor underflows. The derivative is no y + 1: from
// a rounded y that loses digits for x < 0, and all of them from x = -17.4 in f32, -37.5 in f64.
// Source: torch.expm1; C11 7.12.6.3.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct expm1 : elementwise::unary<expm1> {
  static constexpr op_info info{.name = "expm1",
                                .signature = "x -> y",
                                .formula = "y = exp(x) - 1",
                                .vjp = "dx = g exp(x)",
                                .source = "torch.expm1"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -80, .high = 80}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::expm1(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * math::exp(x);
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "g*(y+1)", .loss = "y+1 from the rounded output cancels for x < 0", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g * (math::expm1(x) + S(1));
    }
  };
  struct difference : elementwise::unary_value<difference> {
    static constexpr variant_info info{
        .name = "exp(x)-1", .loss = "exp(x) drops the last digits of a small x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return math::exp(x) - S(1);
    }
  };
  using variants = variant_list<from_output, difference>;
};

}  // namespace backproof::ops
