// The Kullback-Leibler divergence of targets t from probabilities whose logarithms x are given, elementwise.
//
//   l  = t (log t - x), 0 at t = 0;   dx = -g t,        dt = g (log t + 1 - x)
//   l  = exp(t) (t - x);              dx = -g exp(t),   dt = g exp(t) (t - x + 1)    with log_target
//   loss = l (none), sum l (sum), sum l / N over all elements (mean), or over the rows of axis 0 (batchmean)
//
// with g the cotangent of the element's l; with log_target, t is a logarithm as well. The target broadcasts to the
// shape of the input. t = 0 is a boundary where the slope in t is -inf: that, and not NaN, is the gradient there.
// Source: Kullback and Leibler, 1951; torch.nn.functional.kl_div.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct kl_div : loss::pointwise<kl_div, 2> {
  static constexpr op_info info{.name = "kl_div",
                                .signature = "input, target -> loss",
                                .formula = "l = t (log t - x), or exp(t) (t - x) with log_target",
                                .vjp = "dx = -g t, dt = g (log t + 1 - x); -g exp(t), g exp(t) (t - x + 1)",
                                .source = "Kullback and Leibler 1951, torch.nn.functional.kl_div"};
  static constexpr law laws[] = {law::linear_in(0)};

  static void draw(sampler& s) {
    const shape all = s.dims(1, 3);
    s.attribute("reduction", s.choose<std::string>({"mean", "none", "sum", "batchmean"}));
    const bool logarithms = s.attribute("log_target", index_t{s.choose({0, 1})}) != 0;
    s.input(all, {.low = -12, .high = 2});
    s.input(elementwise::drawn_operand(s, all),
            logarithms ? domain{.low = -12, .high = 2} : domain{.low = 0x1p-10, .high = 4});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.integer("log_target");  // throws if it is missing
    if (a.text("reduction") != "batchmean") return pointwise::infer(a, in);
    if (in[0].empty()) throw invalid_input("batchmean of a scalar");
    attributes summed = a;
    summed.set("reduction", std::string("sum"));
    return pointwise::infer(summed, in);
  }

  template <scalar S>
  static S value(const std::array<S, 2>& operands, const attributes& a) {
    const auto& [x, t] = operands;
    if (a.flag("log_target")) return loss::weighted(math::exp(t), t - x);
    return t == S(0) ? -loss::weighted(t, x) : loss::weighted(t, math::log(t) - x);
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& operands, const S& g, const attributes& a) {
    const auto& [x, t] = operands;
    sum<S> slope;
    slope += a.flag("log_target") ? t : math::log(t);
    slope += -x;
    slope += S(1);
    if (!a.flag("log_target")) return {-g * t, g * slope.value()};
    return {-g * math::exp(t), g * loss::weighted(math::exp(t), slope.value())};
  }

  struct by_the_product_rule : loss::pointwise_vjp<by_the_product_rule, 2> {
    static constexpr variant_info info{.name = "g*(log(t)-x)+g*t/t", .loss = "g*t has lost the digits of a tiny t"};
    template <scalar S>
    static std::array<S, 2> pull(const std::array<S, 2>& operands, const S& g, const attributes& a) {
      const auto& [x, t] = operands;
      if (a.flag("log_target")) return kl_div::pull(operands, g, a);
      return {-g * t, g * (math::log(t) - x) + g * t / t};
    }
  };
  using variants = variant_list<by_the_product_rule>;
};

}  // namespace backproof::ops
