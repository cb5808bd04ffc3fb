// Angle of the point (b, a), elementwise, with numpy-style broadcasting.
//
//   y  = atan2(a, b), in [-pi, pi]
//   da = U_a(g b / (a^2 + b^2)), db = U_b(-g a / (a^2 + b^2)),   U: sum over the axes along which it was broadcast
//
// Undefined at the origin. Jump where a = 0 and b < 0, with the same slope on both sides. The gradient divides twice by
// the length of (a, b), whose square over- and underflows where the gradient does not. Source: torch.atan2.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/polar.hpp"

namespace backproof::ops {

struct atan2 : elementwise::binary<atan2> {
  static constexpr op_info info{.name = "atan2",
                                .signature = "a, b -> y",
                                .formula = "y = atan2(a, b)",
                                .vjp = "da = g b / (a^2 + b^2), db = -g a / (a^2 + b^2), summed over broadcast axes",
                                .source = "torch.atan2"};
  static constexpr law laws[] = {law::homogeneous(0)};

  static void draw(sampler& s) { s.broadcast_pair(); }

  template <scalar S>
  static S value(const S& a, const S& b, const attributes&) {
    return math::atan2(a, b);
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
    const S r = math::hypot(a, b);
    if (r + r == r && S(0) < r) return {S(0), S(0)};  // an infinitely distant point
    return {g * (b / r) / r, -(g * (a / r) / r)};
  }

  struct squares : elementwise::binary_vjp<squares> {
    static constexpr variant_info info{
        .name = "g*b/(a*a+b*b)", .loss = "the squares over- and underflow", .keeps_sign = true};
    template <scalar S>
    static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
      const S reciprocal = S(1) / (a * a + b * b);
      return {g * b * reciprocal, -(g * a * reciprocal)};
    }
  };
  using variants = variant_list<squares>;
};

}  // namespace backproof::ops
