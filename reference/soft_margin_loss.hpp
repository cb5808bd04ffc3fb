// The logistic loss of a classifier with two classes, elementwise.
//
//   l  = log(1 + exp(-t x)),   t = -1 or 1;   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = -g t / (1 + exp(t x)),   g the cotangent of the element's l
//
// Smooth everywhere. Written in exp(-|t x|), which does not overflow, for then the loss is inf and the gradient NaN;
// and with log1p, for 1 + exp(-t x) has lost the digits of a small exponential. Source: THNN SoftMarginCriterion.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/logistic.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct soft_margin_loss : loss::pointwise<soft_margin_loss, 2> {
  static constexpr op_info info{.name = "soft_margin_loss",
                                .signature = "input, target~ -> loss",
                                .formula = "l = log(1 + exp(-t x)); none: l, sum: sum l, mean: sum l / N",
                                .vjp = "dx = -g t / (1 + exp(t x))",
                                .source = "THNN SoftMarginCriterion"};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.input(all);
    s.input(all, {.only = {-1, 1}});
  }

  template <scalar S>
  static S value(const std::array<S, 2>& x, const attributes&) {
    return logistic::softplus(-(x[1] * x[0]));
  }

  template <scalar S>
  static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes&) {
    return {-x[1] * (g * logistic::sigmoid(-(x[1] * x[0]))), S(0)};
  }

  struct rounded_sum {
    static constexpr variant_info info{.name = "log(1+exp(-t*x))", .loss = "1+e has lost the digits of a small e"};
    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      values<S> losses(c.in[0].dims());
      loss::each_element<soft_margin_loss, 2>(c, [&](index_t i, const std::array<S, 2>& x, const auto&) {
        losses[i] = math::log(S(1) + math::exp(-(x[1] * x[0])));
      });
      loss::reduce(c.attrs, losses, y[0]);
    }
  };
  using variants = variant_list<rounded_sum>;
};

}  // namespace backproof::ops
