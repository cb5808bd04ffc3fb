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

#include <algorithm>
#include <stdexcept>
#include <string>

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

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
    const index rank = s.choose<index>({2, 3});
    s.attribute("reduction", s.choose<std::string>({"mean", "none", "sum"}));
    const index kind = s.choose<index>({-1, 0, -100});  // of ignored labels: -1, a class, none
    const bool weighted = s.choose({true, false});
    shape scores = {s.extent(1, 9), s.extent(2, 9)};  // with one class alone, the gradient of the loss is 0
    const index classes = scores[1];
    if (rank == 3) scores.push_back(s.extent(1, std::max<index>(1, 150 / (scores[0] * classes))));
    const index ignored = s.attribute("ignore_index", kind == 0 ? s.random().below(classes) : kind);

    s.input(scores);
    shape labels = scores;
    labels.erase(labels.begin() + 1);
    draw_labels(s, labels, kind == -1 ? -1 : 0, classes - 1, ignored);
    if (weighted)
      s.input({classes}, s.choose({domain{.low = 1.25, .high = 4}, domain{.low = 0.125, .high = 0.75}}));
    else
      s.absent();
  }

  // Labels in low .. high, not all of them ignored: a copy of the stream tells beforehand what will be drawn.
  static void draw_labels(sampler& s, const shape& dims, index low, index high, index ignored) {
    const auto one_counts = [&](auto stream) {
      for (index i = 0; i < size_of(dims); ++i)
        if (stream.between(low, high) != ignored) return true;
      return false;
    };
    while (!one_counts(s.random())) s.random().bits();
    s.indices(dims, low, high);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const std::string& reduction = a.text("reduction");
    if (reduction != "none" && reduction != "mean" && reduction != "sum")
      throw std::invalid_argument("reduction is '" + reduction + "', not none, mean or sum");
    a.integer("ignore_index");  // throws if it is missing
    if (in[0].size() < 2) throw std::invalid_argument("scores " + to_string(in[0]) + " have no axis of classes");
    shape labels = in[0];
    labels.erase(labels.begin() + 1);
    if (in[1] != labels)
      throw std::invalid_argument("labels " + to_string(in[1]) + " do not fit scores " + to_string(in[0]));
    if (given(in, 2) && in[2] != shape{in[0][1]})
      throw std::invalid_argument("weights " + to_string(in[2]) + " do not fit scores " + to_string(in[0]));
    return {reduction == "none" ? labels : shape{}, in[0]};
  }

  // Calls visit(r, t, at) for each row: r its flat position in the labels, t its label, or -1 if that is ignored, and
  // at(j) where the score of class j stands.
  template <scalar S, class F>
  static void each_row(const call<S>& c, F visit) {
    const slices classes(c.in[0].dims(), 1);
    for (index n = 0; n < classes.outer; ++n)
      for (index i = 0; i < classes.inner; ++i) {
        const index r = n * classes.inner + i;
        index t = c.at(1, r);
        if (t == c.attrs.integer("ignore_index"))
          t = -1;
        else if (t < 0 || t >= classes.length)
          throw std::invalid_argument("label " + std::to_string(t) + " is no class and not ignored");
        visit(r, t, [start = classes.start(n, i), inner = classes.inner](index j) { return start + j * inner; });
      }
  }

  template <scalar S>
  static S weight(const call<S>& c, index t) {
    return c.has(2) ? c.in[2][t] : S(1);
  }

  template <scalar S>
  static S sum_of_weights(const call<S>& c) {  // of the rows that are not ignored
    sum<S> weights;
    int rows = 0;
    each_row(c, [&](index, index t, auto) {
      if (t < 0) return;
      weights += weight(c, t);
      ++rows;
    });
    return c.has(2) ? weights.value() : S(rows);
  }

  template <scalar S>
  static values<S> log_probabilities(const call<S>& c) {
    const values<S>& x = c.in[0];
    const index classes = x.extent(1);
    values<S> y(x.dims());
    each_row(c, [&](index, index, auto at) {
      S m = x[at(0)];
      for (index j = 1; j < classes; ++j) m = math::max(m, x[at(j)]);
      sum<S> total;
      for (index j = 0; j < classes; ++j) total += math::exp(x[at(j)] - m);
      for (index j = 0; j < classes; ++j) y[at(j)] = x[at(j)] - m - math::log(total.value());
    });
    return y;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const std::string& reduction = c.attrs.text("reduction");
    y[1] = log_probabilities(c);
    sum<S> total;
    each_row(c, [&](index r, index t, auto at) {
      if (t < 0) return;
      if (reduction == "none") y[0][r] = -weight(c, t) * y[1][at(t)];
      total.add_product(-weight(c, t), y[1][at(t)]);
    });
    if (reduction == "sum") y[0][0] = total.value();
    if (reduction == "mean") y[0][0] = total.value() / sum_of_weights(c);
  }

  // dx, with p_j - [j = t] of a row from p_minus_one_hot(j, t, p), where p(i) is p_i.
  template <scalar S, class Derivative>
  static void gradient(const call<S>& c, cotangents<S> g, values<S>& dx, Derivative p_minus_one_hot) {
    const std::string& reduction = c.attrs.text("reduction");
    const index classes = c.in[0].extent(1);
    const S divisor = reduction == "mean" ? sum_of_weights(c) : S(1);
    values<S> probabilities = log_probabilities(c);
    for (index i = 0; i < probabilities.size(); ++i) probabilities[i] = math::exp(probabilities[i]);
    each_row(c, [&](index r, index t, auto at) {
      const auto p = [&](index j) { return probabilities[at(j)]; };
      sum<S> h;
      for (index j = 0; j < classes; ++j) h += g[1][at(j)];
      for (index j = 0; j < classes; ++j) {
        sum<S> total;
        total += g[1][at(j)];
        total.add_product(-p(j), h.value());
        if (t >= 0) {
          const S a = weight(c, t) * g[0][reduction == "none" ? r : 0] / divisor;
          total.add_product(a, p_minus_one_hot(j, t, p));
        }
        dx[at(j)] = total.value();
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index classes = c.in[0].extent(1);
    gradient(c, g, d[0], [classes](index j, index t, const auto& p) {
      if (j != t) return p(j);
      sum<S> others;
      for (index i = 0; i < classes; ++i)
        if (i != t) others += p(i);
      return -others.value();
    });
  }

  struct one_hot {
    static constexpr variant_info info{.name = "p-e_t", .loss = "p_t-1 from the rounded p_t cancels for p_t near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(c, g, d[0], [](index j, index t, const auto& p) { return j == t ? p(j) - S(1) : p(j); });
    }
  };
  using variants = variant_list<one_hot>;
};

}  // namespace backproof::ops
