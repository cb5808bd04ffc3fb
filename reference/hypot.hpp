// Length of the hypotenuse, elementwise, with numpy-style broadcasting.
//
//   y  = sqrt(a^2 + b^2)
//   da = U_a(g a / y), db = U_b(g b / y),   U: sum over the axes along which it was broadcast
//
// Kink at the origin: (da, db) may be g times any vector of length 1 at most, and the reference takes 0. Everywhere
// else that vector has length 1. The squares over- and underflow where y does not, so y is scaled by the larger
// magnitude. Source: torch.hypot.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/polar.hpp"

namespace backproof::ops {

struct hypot : elementwise::binary<hypot> {
  static constexpr op_info info{
      .name = "hypot",
      .signature = "a, b -> y",
      .formula = "y = sqrt(a^2 + b^2)",
      .vjp = "da = g a / y, db = g b / y, each summed over its broadcast axes; 0 at the origin",
      .source = "torch.hypot"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) { s.broadcast_pair({.kinks = {0}}); }

  template <scalar S>
  static S value(const S& a, const S& b, const attributes&) {
    return math::hypot(a, b);
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
    const S y = math::hypot(a, b);
    return {g * cosine(a, b, y), g * cosine(b, a, y)};
  }

  // Of the angle between the vector and the axis of its component x.
  template <scalar S>
  static S cosine(const S& x, const S& other, const S& y) {
    if (y == S(0)) return S(0);
    if (y + y == y && math::abs(other) < math::abs(x)) return x < S(0) ? S(-1) : S(1);  // x alone is infinite
    return x / y;
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    // An element that takes part in several balls may take any of their sums, so that each component stands alone.
    const bool shared = c.in[0].dims() != c.in[1].dims();
    for (index_t i = 0; i < g[0].size(); ++i) {
      const position p{0, a(i)}, q{1, b(i)};
      if (!(c.in[0][p.at] == real(0) && c.in[1][q.at] == real(0))) continue;
      if (!shared) {
        s.ball({p, q}, 2, g[0][i]);
        continue;
      }
      s.interval(p, -1, 1, 0, g[0][i]);
      s.interval(q, -1, 1, 0, g[0][i]);
    }
  }

  struct squares : elementwise::binary<squares> {
    static constexpr variant_info info{
        .name = "sqrt(a*a+b*b)", .loss = "the squares over- and underflow", .keeps_sign = true};
    template <scalar S>
    static S value(const S& a, const S& b, const attributes&) {
      return math::sqrt(a * a + b * b);
    }
    template <scalar S>
    static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes& attrs) {
      const S y = value(a, b, attrs);
      return {g * cosine(a, b, y), g * cosine(b, a, y)};
    }
  };
  using variants = variant_list<squares>;
};

}  // namespace backproof::ops
