// Cross entropy between the softmax of scores, over axis 1, and targets: one label per row, or one number per class.
//
//   lp = log softmax(x),   p = exp(lp)
//   l  = -sum_c q_c lp_c for each row of scores, with smoothing e over the C classes:
//        q_c = w_c ((1 - e) [c = t] + e / C) for a label t, q = 0 if t is ignore_index
//        q_c = w_c ((1 - e) t_c + e / C)     for the targets t_c of a row, which need not add up to 1
//   loss = l (none), sum l (sum), or (mean) sum l over: the weights w_t of the labels that are not ignored, added up;
//          with a target per class the number of rows, whatever the weights are
//   dx_j = g (p_j sum_{k != j} q_k - q_j sum_{k != j} p_k),   g the cotangent of the row's l
//   dt_c = -g (1 - e) w_c lp_c
//
// Scores [N, C, d...]; either labels [N, d...] or probabilities [N, C, d...]. Smooth everywhere. dx is often written
// p_j sum q - q_j, which has lost all digits where p_j rounds to 1. A row that is ignored has no gradient, smoothed or
// not. If every row is ignored, the mean is 0 / 0; samples have one row at least that is not.
// Source: torch.nn.functional.cross_entropy; Szegedy et al., Rethinking the Inception architecture, section 7.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/classes.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct cross_entropy {
  static constexpr op_info info{.name = "cross_entropy",
                                .signature = "input, labels?#, probabilities?, weight?~ -> loss",
                                .formula = "l = -sum_c q_c log softmax(x)_c, q_c = w_c ((1-e) t_c + e / C)",
                                .vjp =
                                    "dx = g (p sum q - q), as p_j sum_{k!=j} q_k - q_j sum_{k!=j} p_k; "
                                    "dt = -g (1-e) w log p",
                                .source = "torch.nn.functional.cross_entropy"};
  static constexpr law laws[] = {law::shift(0, 0), law::linear_in(2)};

  static void draw(sampler& s) {
    const shape scores = classes::draw_scores(s);
    const bool by_label = s.choose({true, false});
    // Where all is smoothed away, probabilities have no gradient left.
    s.attribute("label_smoothing", by_label ? s.choose({0.0, 0.1, 1.0, 0.25}) : s.choose({0.0, 0.1, 0.9, 0.25}));
    s.input(scores);
    if (by_label) {
      classes::draw_labels(s, scores);
      s.absent();
    } else {
      s.attribute("ignore_index", index_t{-100});
      s.absent();
      s.input(scores, {.low = 0, .high = 1});
    }
    classes::draw_weights(s, scores);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("label_smoothing") >= 0 && a.number("label_smoothing") <= 1))
      throw invalid_input("label_smoothing is not between 0 and 1");
    if (given(in, 1) == given(in, 2)) throw invalid_input("either labels or probabilities must be given");
    if (given(in, 1)) classes::check_labels(a, in);
    if (given(in, 2) && in[2] != in[0])
      throw invalid_input("probabilities " + to_string(in[2]) + " do not fit scores " + to_string(in[0]));
    const shape losses = classes::labels_of(in[0]);
    classes::check_weights(in, 3);
    return {loss::reduced(a, losses)};
  }

  template <scalar S>
  static S divisor(const call<S>& c) {
    return c.has(1) ? classes::divisor(c, 3) : S(static_cast<int>(c.in[0].size() / c.in[0].extent(1)));
  }

  // The target of class k in row r, whose label is t; without smoothing and weights.
  template <scalar S>
  static S target(const call<S>& c, index_t k, index_t t, index_t at) {
    return c.has(1) ? S(k == t ? 1 : 0) : c.in[2][at];
  }

  // The label of row r, -1 if it is ignored; any other number if there are no labels.
  template <scalar S>
  static index_t label(const call<S>& c, index_t r) {
    return c.has(1) ? classes::label(c, r) : 0;
  }

  // The loss without smoothing, and that of even targets of 1, which smoothing mixes in.
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const values<S> lp = classes::log_softmax(c.in[0]);
    const index_t count = c.in[0].extent(1);
    values<S> sharp(classes::labels_of(c.in[0].dims())), even = sharp, reduced(y[0].dims());
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const index_t t = label(c, r);
      sum<S> of_targets, of_all;
      for (index_t k = 0; t >= 0 && k < count; ++k) {
        const S w = classes::weight(c, 3, k);
        of_targets += -w * loss::weighted(target(c, k, t, at(k)), lp[at(k)]);
        of_all += -w * lp[at(k)];
      }
      sharp[r] = of_targets.value();
      even[r] = of_all.value();
    });
    const S e(c.attrs.number("label_smoothing")), divided_by = divisor(c);
    loss::reduce(c.attrs, sharp, divided_by, y[0]);
    loss::reduce(c.attrs, even, divided_by, reduced);
    for (index_t i = 0; i < reduced.size(); ++i)
      y[0][i] = loss::weighted(S(1) - e, y[0][i]) + loss::weighted(e / S(static_cast<int>(count)), reduced[i]);
  }

  // The smoothed and weighted targets q of row r; empty if its label is ignored.
  template <scalar S, class At>
  static std::vector<S> targets(const call<S>& c, index_t r, At at) {
    const index_t count = c.in[0].extent(1), t = label(c, r);
    const S e(c.attrs.number("label_smoothing")), even = e / S(static_cast<int>(count));
    std::vector<S> q;
    for (index_t k = 0; t >= 0 && k < count; ++k)
      q.push_back(classes::weight(c, 3, k) * ((S(1) - e) * target(c, k, t, at(k)) + even));
    return q;
  }

  // dx_j of each row from dx(j, q, p), where p(k) is p_k.
  template <scalar S, class Derivative>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, Derivative dx) {
    const values<S> lp = classes::log_softmax(c.in[0]);
    const S over = divisor(c), kept = S(1) - S(c.attrs.number("label_smoothing"));
    classes::each_row(c.in[0].dims(), [&](index_t r, auto at) {
      const S share = loss::cotangent(c.attrs, g[0], r, over);
      const std::vector<S> q = targets(c, r, at);
      const auto p = [&](std::size_t k) { return math::exp(lp[at(static_cast<index_t>(k))]); };
      for (std::size_t j = 0; j < q.size(); ++j) {
        const index_t here = at(static_cast<index_t>(j));
        d[0][here] = share * dx(j, q, p);
        if (d.size() > 2 && d[2].present())
          d[2][here] = -share * loss::weighted(kept * classes::weight(c, 3, static_cast<index_t>(j)), lp[here]);
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    gradient(c, g, d, [](std::size_t j, const std::vector<S>& q, const auto& p) {
      sum<S> other_q, other_p;
      for (std::size_t k = 0; k < q.size(); ++k) {
        if (k == j) continue;
        other_q += q[k];
        other_p += p(k);
      }
      return p(j) * other_q.value() - q[j] * other_p.value();
    });
  }

  struct total_times_p {
    static constexpr variant_info info{.name = "p*sum(q)-q", .loss = "cancels for p near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(c, g, d, [](std::size_t j, const std::vector<S>& q, const auto& p) {
        sum<S> all;
        for (const S& one : q) all += one;
        return p(j) * all.value() - q[j];
      });
    }
  };
  using variants = variant_list<total_times_p>;
};

}  // namespace backproof::ops
