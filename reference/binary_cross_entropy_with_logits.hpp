// Cross entropy between sigmoid(x) and targets t, elementwise.
//
//   l  = w ((1 - t) sp(x) + q t sp(-x)),   sp(x) = log(1 + exp(x))
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dx = g w ((1 - t) s(x) - q t s(-x)),   s(x) = 1 / (1 + exp(-x)),   g the cotangent of the element's l
//   dt = g w ((q - 1) sp(-|x|) - x for x >= 0, - q x for x < 0)
//
// Weights w and the weights q of the positive targets broadcast to the shape of x; without them they are 1. Smooth
// everywhere. Written in exp(-|x|), which does not overflow, neither the loss nor the gradient loses the tail of a
// confident and right x, where (1-t) x + sp(-x) and s(x) - t cancel. dt is q sp(-x) - sp(x) with the part taken out
// that cancels for q near 1, or for a small q where x is far below 0.
// Source: torch.nn.functional.binary_cross_entropy_with_logits; the logistic cost of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/logistic.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct binary_cross_entropy_with_logits : loss::pointwise<binary_cross_entropy_with_logits, 4> {
  static constexpr op_info info{.name = "binary_cross_entropy_with_logits",
                                .signature = "input, target, weight?~, pos_weight?~ -> loss",
                                .formula = "l = w ((1-t) sp(x) + q t sp(-x)), sp(x) = log(1 + exp(x))",
                                .vjp = "dx = g w ((1-t) s(x) - q t s(-x)), dt = g w (q sp(-x) - sp(x))",
                                .source = "torch.nn.functional.binary_cross_entropy_with_logits"};
  static constexpr law laws[] = {law::linear_in(1)};

  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    // 0 is what an untrained last layer gives; exp(-x) overflows far below it.
    s.input(all, s.choose({domain{}, domain{.low = -200, .high = -60}, domain{.only = {-2, 0, 0.5, 3}}}));
    s.input(all, s.choose({domain{.low = 0, .high = 1}, domain{.only = {0, 1}}}));
    for (const domain& weights : {domain{.low = 0.125, .high = 4}, domain{.low = 0.0625, .high = 8}}) {
      if (s.choose({false, true}))
        s.input(elementwise::drawn_operand(s, all), weights);
      else
        s.absent();
    }
  }

  template <scalar S>
  static S value(const std::array<S, 4>& operands, const attributes&) {
    const auto& [x, t, w, q] = operands;
    return w * (loss::weighted(S(1) - t, logistic::softplus(x)) + loss::weighted(q * t, logistic::softplus(-x)));
  }

  template <scalar S>
  static S dt(const std::array<S, 4>& operands, const S& g) {
    const auto& [x, t, w, q] = operands;
    return g * w * ((q - S(1)) * math::log1p(math::exp(-math::abs(x))) - (x < S(0) ? q * x : x));
  }

  template <scalar S>
  static std::array<S, 4> pull(const std::array<S, 4>& operands, const S& g, const attributes&) {
    const auto& [x, t, w, q] = operands;
    const S share = g * w;
    const S dx = share * ((S(1) - t) * logistic::sigmoid(x)) - share * (q * t * logistic::sigmoid(-x));
    return {dx, dt(operands, g), S(0), S(0)};
  }

  struct one_softplus : loss::pointwise<one_softplus, 4> {
    static constexpr variant_info info{.name = "(1-t)*x+(1+(q-1)*t)*sp(-x), s(x)*(1-t+q*t)-q*t",
                                       .loss = "cancels where x is far on the side of its target"};
    template <scalar S>
    static S value(const std::array<S, 4>& operands, const attributes&) {
      const auto& [x, t, w, q] = operands;
      return w * ((S(1) - t) * x + (S(1) + (q - S(1)) * t) * logistic::softplus(-x));
    }
    template <scalar S>
    static std::array<S, 4> pull(const std::array<S, 4>& operands, const S& g, const attributes&) {
      const auto& [x, t, w, q] = operands;
      const S dx = g * w * (logistic::sigmoid(x) * (S(1) - t + q * t) - q * t);
      return {dx, g * w * (q * logistic::softplus(-x) - logistic::softplus(x)), S(0), S(0)};
    }
  };
  using variants = variant_list<one_softplus>;
};

}  // namespace backproof::ops
