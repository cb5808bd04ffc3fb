// Logit, the inverse of the logistic function, elementwise.
//
//   y  = log(q) - log1p(-q),   q = p clipped to [eps, 1 - eps]; for eps < 0, p as it is
//   dp = g / (p (1 - p)); 0 where p is outside of [eps, 1 - eps]
//
// Without clipping the domain is (0, 1), with NaN outside, and infinities at its ends: for the gradient, infinity times
// g. With it there are kinks at eps and 1 - eps, of slopes between 0 and that of the formula; 1 - eps is computed, so
// an implementation may find p on the other side of it. Source: torch.special.logit.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/smooth.hpp"

namespace backproof::ops {

struct logit : elementwise::unary<logit> {
  static constexpr op_info info{.name = "logit",
                                .signature = "p -> y",
                                .formula = "y = log(q) - log(1 - q), q = p clipped to [eps, 1 - eps]",
                                .vjp = "dp = g / (p (1 - p)), 0 where clipped",
                                .source = "torch.special.logit"};

  static void draw(sampler& s) {
    const double eps = s.attribute("eps", s.choose({-1.0, 0.125, 0x1p-6}));
    const bool upper = s.choose({false, true});
    domain where{.low = 0x1p-12, .high = 1 - 0x1p-7};
    if (upper) where.low = 0.5;
    if (eps > 0) where = {.low = upper ? 0.5 : -0.5, .high = 1.5, .kinks = {eps, 1 - eps}};
    const shape dims = s.dims(0, 3);
    draw_smooth<logit>(s, [&](sampler& to) { to.input(dims, where); });
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("eps") <= 0.5)) throw invalid_input("eps exceeds 0.5");
    return {in[0]};
  }

  template <scalar S>
  static S value(const S& p, const attributes& a) {
    const S eps(a.number("eps"));
    if (eps < S(0)) return math::log(p) - math::log1p(-p);
    if (p < eps) return math::log(eps) - math::log1p(-eps);
    if (S(1) - eps < p) return math::log(S(1) - eps) - math::log(eps);
    return math::log(p) - math::log1p(-p);
  }

  template <scalar S>
  static S pull(const S& p, const S& g, const attributes& a) {
    const S eps(a.number("eps"));
    if (!(eps < S(0)) && (p < eps || S(1) - eps < p)) return S(0);
    if (p < S(0) || S(1) < p) return math::log(S(-1));  // undefined
    return g / (math::abs(p) * (S(1) - p));             // at -0 as at 0
  }

  static std::optional<elementwise::slopes> kink(const real& p, const attributes& a, const subdifferential& s) {
    const real eps(a.number("eps"));
    const bool at_upper = p < real(1) && s.near(real(1) - eps - p, 1);
    if (eps < real(0) || !(p == eps || at_upper)) return std::nullopt;
    return elementwise::slopes{0, real(1) / (p * (real(1) - p))};
  }
};

}  // namespace backproof::ops
