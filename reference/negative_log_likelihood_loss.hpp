// The negative logarithm of the likelihood of each row's label, given logarithms of probabilities along axis 1.
//
//   l     = -w_t x_t for each row of the input with its label t; 0 if t is ignore_index
//   loss  = l (none), sum l (sum), or sum l / sum w_t over the rows that are not ignored (mean)
//   dx_t  = -w_t times the cotangent of the row's l; 0 elsewhere, and in rows that are ignored
//
// Input [N, C, d...], labels [N, d...]; without weights, w is 1. Linear: nothing is exponentiated here. If every row is
// ignored, the mean is 0 / 0; samples have one row at least that is not.
// Source: ONNX NegativeLogLikelihoodLoss-22; THNN ClassNLLCriterion and SpatialClassNLLCriterion.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/classes.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct negative_log_likelihood_loss {
  static constexpr op_info info{.name = "negative_log_likelihood_loss",
                                .onnx = "NegativeLogLikelihoodLoss",
                                .opset = 22,
                                .signature = "input, target#, weight?~ -> loss",
                                .formula = "l = -w_t x_t; none: l, sum: sum l, mean: sum l / sum w_t",
                                .vjp = "dx_t = -w_t g (mean: / sum w_t), else 0",
                                .source = "ONNX NegativeLogLikelihoodLoss-22, THNN ClassNLLCriterion"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    const shape scores = classes::draw_scores(s);
    s.input(scores);
    classes::draw_labels(s, scores);
    classes::draw_weights(s, scores);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    classes::check_labels(a, in);
    classes::check_weights(in, 2);
    return {loss::reduced(a, in[1])};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    values<S> losses(c.in[1].dims());
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const index_t t = classes::label(c, r);
      if (t >= 0) losses[r] = -classes::weight(c, 2, t) * c.in[0][at(t)];
    });
    loss::reduce(c.attrs, losses, classes::divisor(c, 2), y[0]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const S divisor = classes::divisor(c, 2);
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const index_t t = classes::label(c, r);
      if (t >= 0) d[0][at(t)] = -classes::weight(c, 2, t) * loss::cotangent(c.attrs, g[0], r, divisor);
    });
  }
};

}  // namespace backproof::ops
