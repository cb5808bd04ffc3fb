// Negative log likelihood of a Poisson distribution, elementwise, then reduced.
//
//   log_input: l = exp(x) - t x             dx = g (exp(x) - t),         dt = -g x
//   else:      l = x - t log(x + eps)       dx = g (1 - t / (x + eps)),  dt = -g log(x + eps)
//   full, t > 1: l += t log t - t + log(2 pi t) / 2,                     dt += g (log t + 1 / (2t))
//
// x + eps > 0 without log_input; t >= 0. With `full` l jumps at t = 1, by -0.081: there the slope may be that of
// either side. Source: torch.nn.functional.poisson_nll_loss; Stirling's approximation of log t!.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct poisson_nll_loss : loss::pointwise<poisson_nll_loss, 2> {
  static constexpr op_info info{.name = "poisson_nll_loss",
                                .signature = "input, target -> loss",
                                .formula =
                                    "l = exp(x) - t x, or x - t log(x + eps); full adds t log t - t + log(2 pi t) / 2 "
                                    "for t > 1",
                                .vjp =
                                    "dx = g (exp(x) - t) or g (1 - t / (x + eps)), dt = -g x or -g log(x + eps); "
                                    "full adds g (log t + 1 / (2t)) for t > 1",
                                .source = "torch.nn.functional.poisson_nll_loss"};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    const bool log_input = s.attribute("log_input", s.choose<index_t>({1, 0})) != 0;
    const bool full = s.attribute("full", s.choose<index_t>({0, 1})) != 0;
    s.attribute("eps", s.choose({1e-8, 0.125}));
    const shape x = s.dims(0, 3);
    s.input(x, log_input ? domain{.low = -20, .high = 10} : domain{.low = 0.01});
    // A count of 0 is no kink, but to be met as well: there the log t that `full` leaves out is infinite.
    s.input(x, full ? domain{.low = 0, .kinks = {0, 1}} : domain{.low = 0});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.integer("log_input"), a.integer("full"), a.number("eps");  // throw if they are missing
    return pointwise::infer(a, in);
  }

  template <scalar S>
  static S value(const std::array<S, 2>& at, const attributes& a) {
    const auto& [x, t] = at;
    sum<S> l;
    if (a.flag("log_input")) {
      l += math::exp(x);
      l.add_product(-t, x);
    } else {
      l += x;
      l.add_product(-t, math::log(x + S(a.number("eps"))));
    }
    if (a.flag("full") && S(1) < t) {
      l.add_product(t, math::log(t));
      l += -t;
      l += math::log(S(2) * math::pi<S>() * t) / S(2);
    }
    return l.value();
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& at, const S& g, const attributes& a) {
    const auto& [x, t] = at;
    const bool log_input = a.flag("log_input");
    const S rate = x + S(a.number("eps"));
    sum<S> dt;
    dt.add_product(-g, log_input ? x : math::log(rate));
    if (a.flag("full") && S(1) < t) {
      dt.add_product(g, math::log(t));
      dt += g / (S(2) * t);
    }
    return {g * (log_input ? math::exp(x) - t : S(1) - t / rate), dt.value()};
  }

  static void kink(const std::array<real, 2>& x, const attributes& a, loss::element& e) {
    if (a.flag("full") && x[1] == real(1)) e.interval(1, 0, 0.5, 0);  // of the term that `full` adds: log t + 1 / (2t)
  }
};

}  // namespace backproof::ops
