// The hinge loss of distances x, that should be small where t = 1 and at least the margin m where t = -1.
//
//   l  = x for t = 1, max(0, m - x) for t = -1
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = g for t = 1; for t = -1: -g where x < m, else 0;   g the cotangent of the element's l
//
// Kink at x = m for t = -1: the slope is anything in [-1, 0], and the reference takes 0. The margin may be no number of
// the format, so an implementation may find itself on either side of an x that is next to it. Data is selected and
// never multiplied. Source: torch.nn.functional.hinge_embedding_loss.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct hinge_embedding_loss : loss::pointwise<hinge_embedding_loss, 2> {
  static constexpr op_info info{.name = "hinge_embedding_loss",
                                .signature = "input, target~ -> loss",
                                .formula = "l = x for t = 1, max(0, m - x) for t = -1",
                                .vjp = "dx = g for t = 1; -g where x < m, else 0, for t = -1",
                                .source = "torch.nn.functional.hinge_embedding_loss"};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    const double margin = s.attribute("margin", s.choose({1.0, 0.3, 2.5}));
    s.input(all, {.kinks = {margin}});
    s.input(all, {.only = {-1, 1}});
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes& a) {
    return S(0) < x[1] ? x[0] : math::max(S(a.number("margin")) - x[0], S(0));
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes& a) {
    if (S(0) < x[1]) return {g, S(0)};
    return {x[0] < S(a.number("margin")) ? -g : S(0), S(0)};
  }

  static void kink(const std::array<real, 2>& x, const attributes& a, loss::element& e) {
    const real margin(a.number("margin"));
    if (x[1] < real(0) && e.s.near(x[0] - margin, margin)) e.interval(0, -1, 0, x[0] < margin ? -1 : 0);
  }
};

}  // namespace backproof::ops
