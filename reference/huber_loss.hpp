// The squared difference, continued linearly where it is beyond delta.
//
//   d  = x - t;   l = d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2)
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = g clip(d, -delta, delta),   dt = -dx,   g the cotangent of the element's l
//
// The target broadcasts to the shape of the input. The slope is continuous, so it does not matter which branch a
// rounded |d| near delta takes. Source: Huber, Robust estimation of a location parameter, 1964;
// torch.nn.functional.huber_loss.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct huber_loss : loss::pointwise<huber_loss, 2> {
  static constexpr op_info info{.name = "huber_loss",
                                .signature = "input, target -> loss",
                                .formula = "l = d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2); d = x - t",
                                .vjp = "dx = g clip(d, -delta, delta), dt = -dx",
                                .source = "Huber 1964, torch.nn.functional.huber_loss"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.attribute("delta", s.choose({1.0, 0.7, 0.1, 5.0}));
    s.input(all);
    s.input(elementwise::drawn_operand(s, all));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("delta") > 0)) throw invalid_input("delta is not positive");
    return pointwise::infer(a, in);
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes& a) {
    const S d = math::abs(x[0] - x[1]), delta(a.number("delta"));
    return d < delta ? S(0.5) * d * d : delta * (d - S(0.5) * delta);
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes& a) {
    const S delta(a.number("delta")), slope = math::min(math::max(x[0] - x[1], -delta), delta);
    return {slope * g, -slope * g};
  }
};

}  // namespace backproof::ops
