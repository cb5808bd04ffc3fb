// The absolute difference, rounded off to a parabola where it is below beta.
//
//   d  = x - t;   l = d^2 / (2 beta) for |d| < beta, else |d| - beta / 2
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = g clip(d / beta, -1, 1),   dt = -dx,   g the cotangent of the element's l
//
// The target broadcasts to the shape of the input. The slope is continuous for beta > 0, so it does not matter which
// branch a rounded |d| near beta takes. beta = 0 stands for |d|, with its kink at x = t: anything in g [-1, 1].
// Source: THNN SmoothL1Criterion, which has beta = 1; torch.nn.functional.smooth_l1_loss.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct smooth_l1_loss : loss::pointwise<smooth_l1_loss, 2> {
  static constexpr op_info info{.name = "smooth_l1_loss",
                                .signature = "input, target -> loss",
                                .formula = "l = d^2 / (2 beta) for |d| < beta, else |d| - beta / 2; d = x - t",
                                .vjp = "dx = g clip(d / beta, -1, 1), dt = -dx",
                                .source = "THNN SmoothL1Criterion, torch.nn.functional.smooth_l1_loss"};
  static constexpr law laws[] = {law::shift(0)};

  // Of equal shapes for beta = 0: what an implementation took at one kink cannot be told from a sum over many elements.
  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    const double beta = s.attribute("beta", s.choose({1.0, 0.7, 0.1, 5.0, 0.0}));
    const bool kinked = beta == 0;
    s.input(all, {.distinct = kinked});
    s.input(kinked ? all : elementwise::drawn_operand(s, all), {.distinct = kinked});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("beta") >= 0)) throw invalid_input("beta is negative");
    return pointwise::infer(a, in);
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes& a) {
    const S d = math::abs(x[0] - x[1]), beta(a.number("beta"));
    return d < beta ? d * d / (S(2) * beta) : d - S(0.5) * beta;
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes& a) {
    if (a.number("beta") == 0 && x[0] == x[1]) return {S(0), S(0)};
    const S slope = math::min(math::max((x[0] - x[1]) / S(a.number("beta")), S(-1)), S(1));
    return {slope * g, -slope * g};
  }

  static void kink(const std::array<real, 2>& x, const attributes& a, loss::element& e) {
    if (a.number("beta") != 0 || x[0] != x[1]) return;
    e.interval(0, -1, 1, 0);
    e.interval(1, -1, 1, 0);
  }
};

}  // namespace backproof::ops
