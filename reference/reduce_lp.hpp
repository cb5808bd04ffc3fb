// The p-norm over any axes, p > 0, or p = inf (the largest magnitude) or -inf (the smallest).
//
//   y    = m (sum (|x_i| / m)^p)^(1/p),   m = max |x_i|
//   dx_i = g sgn x_i (|x_i| / y)^(p-1);   infinite p: g sgn x_i / |T| for i in T = {i : |x_i| = y}, else 0
//
// Without the division by m, |x|^p overflows and underflows long before y does.
// Kinks where the group is 0, for p >= 1: w g with w in the unit ball of the dual norm; where magnitudes tie, for
// infinite p; at each x_i = 0, for p = 1. For p < 1 the slope is infinite at x_i = 0, and the reference takes 0.
// Source: torch.linalg.vector_norm, with ONNX's axes and keepdims. Its p = 0, which counts, has no gradient.
#pragma once

#include "frames/norm.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_lp : reduction::frame<reduce_lp> {
  static constexpr op_info info{.name = "reduce_lp",
                                .signature = "data -> reduced",
                                .formula = "y = (sum |x_i|^p)^(1/p), or the largest or smallest |x_i|",
                                .vjp = "dx_i = g sgn x_i (|x_i| / y)^(p-1), or even over those with |x_i| = y",
                                .source = "torch.linalg.vector_norm"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double p = s.attribute("p", s.choose({2.0, 1.0, 3.0, infinity, 0.5, 1.5, -infinity}));
    const shape x = reduction::draw(s, {.noop = false});
    s.input(x, {.distinct = std::isinf(p), .kinks = {0}});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const double p = a.number("p");
    if (!(p > 0) && !(std::isinf(p) && p < 0)) throw invalid_input("p is neither positive nor infinite");
    return frame::infer(a, in);
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes& a) {
    return norm::value(x, a.number("p"));
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
    return norm::pull(x, a.number("p"), g);
  }

  static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g, const attributes& a,
                   subdifferential& s) {
    norm::kinks(x, at, a.number("p"), g, s);
  }

  struct unscaled : reduction::frame_vjp<unscaled>, reduction::frame_forward<unscaled> {
    static constexpr variant_info info{
        .name = "x*|x|^(p-2)*g/y^(p-1)", .loss = "the powers underflow or overflow", .keeps_sign = true};
    template <scalar S>
    static S value(const std::vector<S>& x, const attributes& a) {
      return norm::unscaled_value(x, a.number("p"));
    }
    template <scalar S>
    static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
      return norm::unscaled_pull(x, a.number("p"), g);
    }
  };
  using variants = variant_list<unscaled>;
};

}  // namespace backproof::ops
