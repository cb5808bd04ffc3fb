// The absolute difference.
//
//   l  = |x - t|;   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = g sgn(x - t),   dt = -dx,   g the cotangent of the element's l
//
// The target broadcasts to the shape of the input. Kink at x = t: anything in g [-1, 1] is a subgradient, and the
// reference takes 0. The sign of a rounded difference is that of the difference, so a kink is met exactly or not at
// all. Data is selected and never multiplied. Source: THNN AbsCriterion.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct l1_loss : loss::pointwise<l1_loss, 2> {
  static constexpr op_info info{.name = "l1_loss",
                                .signature = "input, target -> loss",
                                .formula = "l = |x - t|; none: l, sum: sum l, mean: sum l / N",
                                .vjp = "dx = g sgn(x - t), dt = -dx",
                                .source = "THNN AbsCriterion"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(0)};

  // Of equal shapes: what an implementation took at one kink cannot be told from a sum over many elements.
  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.input(all, {.distinct = true});
    s.input(all, {.distinct = true});
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes&) {
    return math::abs(x[0] - x[1]);
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes&) {
    if (x[0] < x[1]) return {-g, g};
    return x[1] < x[0] ? std::array<S, 2>{g, -g} : std::array<S, 2>{S(0), S(0)};
  }

  static void kink(const std::array<real, 2>& x, const attributes&, loss::element& e) {
    if (x[0] != x[1]) return;
    e.interval(0, -1, 1, 0);
    e.interval(1, -1, 1, 0);
  }
};

}  // namespace backproof::ops
