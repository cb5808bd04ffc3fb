// What the circular functions share, and what their inverses share.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::elementwise {

// For draw functions: angles. A large one has to be reduced modulo 2 pi with more digits of pi than the format holds,
// so a part of the samples is large: an x rounded once is off by u |x| there, which the bound grants.
inline void draw_angles(sampler& s) {
  switch (s.choose({0, 1, 2, 3, 4, 5})) {
    case 1:
      return s.input(s.dims(0, 3), {.low = 1000, .high = 60000});
    case 2:
      return s.input(s.dims(0, 3), {.low = -60000, .high = -1000});
    default:
      return s.input(s.dims(0, 3));
  }
}

// Asin and, with sign -1, Acos, whose derivatives differ in the sign. 1 - x is exact near 1 in floating-point
// arithmetic, where 1 - x^2 has lost the digits of x^2 already.
template <class Op, int sign>
struct arc : unary<Op> {
  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -0.9921875, .high = 0.9921875}); }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return over(math::sqrt((S(1) - x) * (S(1) + x)), g);
  }

  template <scalar S>
  static S over(const S& root, const S& g) {
    return sign < 0 ? -(g / root) : g / root;
  }

  struct by_square : unary_vjp<by_square> {
    static constexpr variant_info info{
        .name = "sqrt(1-x*x)", .loss = "1-x*x cancels near -1 and 1", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return over(math::sqrt(S(1) - x * x), g);
    }
  };
  using variants = variant_list<by_square>;
};

}  // namespace backproof::elementwise
