// Softmax followed by cross entropy, over axis 1 of the scores.
//
//   log_prob_i = x_i - m - log sum_j exp(x_j - m),   m = max_j x_j;   p = exp(log_prob)
//   l          = -w_t log_prob_t for each row of scores with its label t; 0 if t is ignore_index
//   output     = l (none), sum l (sum), or sum l / sum w_t over the rows that are not ignored (mean)
//   dx_i       = a p_i (i != t), dx_t = -a sum_{j != t} p_j,   a = w_t times the cotangent of the row's l; 0 if ignored
//                and in all rows h_i - p_i sum_j h_j, h the cotangent of log_prob
//
// Scores [N, C, d...], labels [N, d...]; without weights, w is 1. Smooth everywhere; without the shift by m, exp
// overflows. dx_t is often written a (p_t - 1), which has lost all digits when p_t rounds to 1: just when training
// has succeeded. If every row is ignored, the mean is 0 / 0; samples have one row at least that is not.
// Source: ONNX SoftmaxCrossEntropyLoss-13; dL/dz = p - e_t of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/classes.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct softmax_cross_entropy_loss {
  static constexpr op_info info{.name = "softmax_cross_entropy_loss",
                                .onnx = "SoftmaxCrossEntropyLoss",
                                .opset = 13,
                                .signature = "scores, labels#, weights?~ -> output, log_prob",
                                .formula = "l = -w_t log softmax(x)_t; none: l, sum: sum l, mean: sum l / sum w_t",
                                .vjp = "dx = a (p - e_t) + h - p sum h, p_t - 1 written as -sum_{j != t} p_j",
                                .source = "ONNX SoftmaxCrossEntropyLoss-13"};

  static void draw(sampler& s) {
    const shape scores = classes::draw_scores(s);
    s.input(scores);
    classes::draw_labels(s, scores);
    classes::draw_weights(s, scores);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    classes::check_labels(a, in);
    classes::check_weights(in, 2);
    return {loss::reduced(a, in[1]), in[0]};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    y[1] = classes::log_softmax(c.in[0]);
    values<S> losses(c.in[1].dims());
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const index_t t = classes::label(c, r);
      if (t >= 0) losses[r] = -classes::weight(c, 2, t) * y[1][at(t)];
    });
    loss::reduce(c.attrs, losses, classes::divisor(c, 2), y[0]);
  }

  // dx, with p_j - [j = t] of a row from p_minus_one_hot(j, t, p), where p(i) is p_i.
  template <scalar S, class Derivative>
  static void gradient(const call<S>& c, cotangents<S> g, values<S>& dx, Derivative p_minus_one_hot) {
    const index_t count = c.in[0].extent(1);
    const S divisor = classes::divisor(c, 2);
    values<S> probabilities = classes::log_softmax(c.in[0]);
    for (index_t i = 0; i < probabilities.size(); ++i) probabilities[i] = math::exp(probabilities[i]);
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const index_t t = classes::label(c, r);
      const auto p = [&](index_t j) { return probabilities[at(j)]; };
      sum<S> h;
      for (index_t j = 0; j < count; ++j) h += g[1][at(j)];
      for (index_t j = 0; j < count; ++j) {
        sum<S> total;
        total += g[1][at(j)];
        total.add_product(-p(j), h.value());
        if (t >= 0) {
          const S a = classes::weight(c, 2, t) * loss::cotangent(c.attrs, g[0], r, divisor);
          total.add_product(a, p_minus_one_hot(j, t, p));
        }
        dx[at(j)] = total.value();
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t classes = c.in[0].extent(1);
    gradient(c, g, d[0], [classes](index_t j, index_t t, const auto& p) {
      if (j != t) return p(j);
      sum<S> others;
      for (index_t i = 0; i < classes; ++i)
        if (i != t) others += p(i);
      return -others.value();
    });
  }

  struct one_hot {
    static constexpr variant_info info{.name = "p-e_t", .loss = "p_t-1 from the rounded p_t cancels for p_t near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(c, g, d[0], [](index_t j, index_t t, const auto& p) { return j == t ? p(j) - S(1) : p(j); });
    }
  };
  using variants = variant_list<one_hot>;
};

}  // namespace backproof::ops
