// The hinge loss of a classifier with two classes, elementwise.
//
//   l  = max(0, m - t x)^p,   t = -1 or 1, m the margin, p = 1 or 2
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = -g t p max(0, m - t x)^(p-1),   g the cotangent of the element's l;   p = 1: -g t where m > t x, else 0
//
// Kink at t x = m for p = 1: the slope is anything between 0 and -t, and the reference takes 0. m - t x is computed, so
// an implementation may find itself on either side of a kink within reach of its rounding. Smooth for p = 2.
// Source: Cortes and Vapnik, Support-vector networks, 1995; the hinge loss of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct hinge_loss : loss::pointwise<hinge_loss, 2> {
  static constexpr op_info info{.name = "hinge_loss",
                                .signature = "input, target~ -> loss",
                                .formula = "l = max(0, m - t x)^p; none: l, sum: sum l, mean: sum l / N",
                                .vjp = "dx = -g t p max(0, m - t x)^(p-1)",
                                .source = "Cortes and Vapnik 1995"};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.attribute("p", index_t{s.choose({1, 2})});
    const double margin = s.attribute("margin", s.choose({1.0, 0.3}));
    s.input(all, {.kinks = {margin, -margin}});
    s.input(all, {.only = {-1, 1}});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (a.integer("p") != 1 && a.integer("p") != 2) throw invalid_input("p is neither 1 nor 2");
    return pointwise::infer(a, in);
  }

  template <scalar S>
  static S gap(const std::array<S, 2>& x, const attributes& a) {
    return S(a.number("margin")) - x[1] * x[0];
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes& a) {
    const S l = math::max(gap(x, a), S(0));
    return a.integer("p") == 1 ? l : l * l;
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes& a) {
    const S m = gap(x, a);
    if (a.integer("p") == 1) return {S(0) < m ? -x[1] * g : S(0), S(0)};
    return {-x[1] * (S(2) * math::max(m, S(0)) * g), S(0)};
  }

  static void kink(const std::array<real, 2>& x, const attributes& a, loss::element& e) {
    const real m = gap(x, a), margin(a.number("margin")), t = x[1];
    if (a.integer("p") != 1 || !e.s.near(m, abs(margin) + abs(t * x[0]))) return;
    e.interval(0, math::min(-t, real(0)), math::max(-t, real(0)), real(0) < m ? -t : real(0));
  }
};

}  // namespace backproof::ops
