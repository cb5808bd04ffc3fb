// The squared difference.
//
//   l  = (x - t)^2;   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = 2 g (x - t),   dt = -dx,   g the cotangent of the element's l
//
// The target broadcasts to the shape of the input. Smooth everywhere. There is no factor 1/2 in l, and so there is a 2
// in dx; the target has a gradient as well. Source: THNN MSECriterion; the quadratic cost of the backpropagation
// lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct mse_loss : loss::pointwise<mse_loss, 2> {
  static constexpr op_info info{.name = "mse_loss",
                                .signature = "input, target -> loss",
                                .formula = "l = (x - t)^2; none: l, sum: sum l, mean: sum l / N",
                                .vjp = "dx = 2 g (x - t), dt = -dx",
                                .source = "THNN MSECriterion"};
  static constexpr law laws[] = {law::homogeneous(2), law::shift(0)};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.input(all);
    s.input(elementwise::drawn_operand(s, all));
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes&) {
    const S difference = x[0] - x[1];
    return difference * difference;
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes&) {
    const S dx = S(2) * (x[0] - x[1]) * g;
    return {dx, -dx};
  }
};

}  // namespace backproof::ops
