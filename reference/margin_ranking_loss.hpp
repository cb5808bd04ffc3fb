// The loss of two scores of which the first should exceed the second (t = 1), or the second the first (t = -1), by the
// margin m.
//
//   l   = max(0, m - t (x1 - x2));   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx1 = -g t where l > 0, else 0,   dx2 = -dx1,   g the cotangent of the element's l
//
// Kink where m = t (x1 - x2): dx1 is anything between 0 and -g t, and the reference takes 0. The difference is
// computed, so an implementation may find itself on either side of a kink within reach of its rounding.
// Source: torch.nn.functional.margin_ranking_loss.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct margin_ranking_loss : loss::pointwise<margin_ranking_loss, 3> {
  static constexpr op_info info{.name = "margin_ranking_loss",
                                .signature = "input1, input2, target~ -> loss",
                                .formula = "l = max(0, m - t (x1 - x2)); none: l, sum: sum l, mean: sum l / N",
                                .vjp = "dx1 = -g t where l > 0, else 0; dx2 = -dx1",
                                .source = "torch.nn.functional.margin_ranking_loss"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.attribute("margin", s.choose({1.0, 0.3, 0.0}));
    for (int k = 0; k < 2; ++k) s.input(all, {.distinct = true});  // whole numbers, where kinks are sought
    s.input(all, {.only = {-1, 1}});
  }

  template <scalar S>
  static S gap(const std::array<S, 3>& x, const attributes& a) {
    return S(a.number("margin")) - x[2] * (x[0] - x[1]);
  }

  template <scalar S>
  static S value(const std::array<S, 3>& x, const attributes& a) {
    return math::max(gap(x, a), S(0));
  }

  template <scalar S>
  static std::array<S, 3> pull(const std::array<S, 3>& x, const S& g, const attributes& a) {
    if (!(S(0) < gap(x, a))) return {S(0), S(0), S(0)};
    return {-x[2] * g, x[2] * g, S(0)};
  }

  static void kink(const std::array<real, 3>& x, const attributes& a, loss::element& e) {
    const real m = gap(x, a), t = x[2], chosen = real(0) < m ? t : real(0);
    if (!e.s.near(m, abs(real(a.number("margin"))) + abs(x[0]) + abs(x[1]))) return;
    e.interval(0, math::min(-t, real(0)), math::max(-t, real(0)), -chosen);
    e.interval(1, math::min(t, real(0)), math::max(t, real(0)), chosen);
  }
};

}  // namespace backproof::ops
