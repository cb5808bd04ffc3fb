// Negative log likelihood of a normal distribution with a variance of its own, elementwise, then reduced.
//
//   l    = (log v + (x - t)^2 / v) / 2,   v = max(var, eps);   full adds log(2 pi) / 2
//   dx   = g (x - t) / v,   dt = -dx,   dvar = g (1 / v - (x - t)^2 / v^2) / 2 for var > eps, else 0
//
// var >= 0 has the shape of the input, or extent 1 along the last axis. Kink at var = eps: dvar may be anything between
// 0 and that of the formula. Source: torch.nn.functional.gaussian_nll_loss, which clamps var unseen by its autograd.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct gaussian_nll_loss : loss::pointwise<gaussian_nll_loss, 3> {
  static constexpr op_info info{
      .name = "gaussian_nll_loss",
      .signature = "input, target, var -> loss",
      .formula = "l = (log v + (x - t)^2 / v) / 2, v = max(var, eps); full adds log(2 pi) / 2",
      .vjp = "dx = g (x - t) / v, dt = -dx, dvar = g (1/v - (x-t)^2/v^2) / 2 for var > eps",
      .source = "torch.nn.functional.gaussian_nll_loss"};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    s.attribute("full", s.choose<index_t>({0, 1}));
    const double eps = s.attribute("eps", s.choose({0x1p-20, 0x1p-20, 1.0}));
    shape x = s.dims(1, 3);
    s.input(x, {.low = -8, .high = 8});
    s.input(x, {.low = -8, .high = 8});
    if (s.choose({false, true})) x.back() = 1;
    // Variances as small as the small eps are not sought: the gradient, some 1 / eps^2, overflows f16.
    domain var{.low = 0.0625, .high = 20};
    if (eps == 1) var.kinks = {eps};
    s.input(x, var);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.integer("full"), a.number("eps");  // throw if they are missing
    return pointwise::infer(a, in);
  }

  template <scalar S>
  static S value(const std::array<S, 3>& at, const attributes& a) {
    const auto& [x, t, var] = at;
    const S v = math::max(var, S(a.number("eps"))), off = x - t;
    sum<S> l;
    l += math::log(v);
    l += off * off / v;
    if (a.flag("full")) l += math::log(S(2) * math::pi<S>());
    return l.value() / S(2);
  }

  template <scalar S>
  static std::array<S, 3> pull(const std::array<S, 3>& at, const S& g, const attributes& a) {
    const auto& [x, t, var] = at;
    const S v = math::max(var, S(a.number("eps"))), off = x - t, dx = g * off / v;
    return {dx, -dx, S(a.number("eps")) < var ? g * slope(off, v) : S(0)};
  }

  template <scalar S>
  static S slope(const S& off, const S& v) {  // of l, along v
    return (S(1) / v - off * off / (v * v)) / S(2);
  }

  // A variance is on one side of eps for all elements that share it.
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const real eps(c.attrs.number("eps"));
    values<real> all(c.in[2].dims());  // dvar, if every var counted as above eps
    loss::each_element<gaussian_nll_loss, 3>(c, [&](index_t i, const std::array<real, 3>& x, const auto& from) {
      const real share = loss::cotangent(c.attrs, g[0], i, c.in[0].size());
      all[from[2](i)] += share * slope(x[0] - x[1], math::max(x[2], eps));
    });
    for (index_t j = 0; j < all.size(); ++j)
      if (const real& var = c.in[2][j]; isfinite(var) && s.near(var - eps, eps))
        s.interval({2, j}, 0, 1, eps < var ? 1 : 0, all[j]);
  }
};

}  // namespace backproof::ops
