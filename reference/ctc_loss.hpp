// Connectionist temporal classification: the probability of a label sequence, over all its alignments with the frames.
//
//   l    = -log P,   P = sum over the paths that collapse to the labels of exp(sum_t x[t, path_t])
//   dx_tk = -g gamma_t(k),   gamma_t(k) = sum_{s : l'_s = k} exp(alpha_t(s) + beta_t(s) - log P)
//
// A path collapses when repeats are merged and then blanks are dropped. l' is the label sequence with a blank before,
// between and after its labels; alpha_t(s) is the log probability of all beginnings of paths that are at s in frame t,
// frame t included, beta_t(s) that of all ends after it. All in logarithms: products of probabilities underflow.
//
// log_probs [T, N, C], any numbers: the gradient is that by log_probs themselves, and not by what a log-softmax made
// them of. targets [N, S], of which the first target_lengths[n] count; frames from input_lengths[n] on have gradient 0.
// An empty label sequence leaves only blanks. If labels and repeats do not fit into the frames, P is 0: then l is
// infinite and has no gradient, or with zero_infinity both are 0. The mean divides each l by its number of labels, then
// takes the mean over N. In each live frame gamma adds up to 1. Smooth everywhere else.
// Source: Graves et al., Connectionist Temporal Classification, ICML 2006; torch.nn.functional.ctc_loss.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "frames/fitting_indices.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct ctc_loss {
  static constexpr op_info info{
      .name = "ctc_loss",
      .signature = "log_probs, targets#, input_lengths#, target_lengths# -> loss",
      .formula = "l = -log sum over paths that collapse to the target of prod_t exp(x_t,path)",
      .vjp = "dx_tk = -g sum_{s : l'_s = k} exp(alpha_t(s) + beta_t(s) - log P)",
      .source = "Graves et al., ICML 2006; torch.nn.functional.ctc_loss"};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    const bool drops = s.attribute("zero_infinity", s.choose<index_t>({0, 1})) != 0;
    const index_t place = s.choose<index_t>({0, 2, 1});  // of the blank: first, in between, last
    const index_t frames = s.extent(1, 9), items = s.extent(1, 3),
                  classes = s.extent(2, 150 / (frames * items) < 6 ? 5 : 6);
    const index_t length = s.extent(1, 3);
    const index_t blank = s.attribute("blank", place * (classes - 1) / 2);
    s.input({frames, items, classes}, {.low = -20, .high = 0});
    const std::vector<index_t> targets =
        fitting_indices(s, {items, length}, 0, classes - 1, [blank](const std::vector<index_t>& drawn) {
          return std::find(drawn.begin(), drawn.end(), blank) == drawn.end();
        });
    const auto any = [](const std::vector<index_t>&) { return true; };
    const std::vector<index_t> live = fitting_indices(s, {items}, (frames + 1) / 2, frames, any);
    fitting_indices(s, {items}, 0, length, [&](const std::vector<index_t>& lengths) {
      index_t fit = 0;
      for (std::size_t n = 0; n < lengths.size(); ++n) {
        const auto first = targets.begin() + static_cast<index_t>(n) * length;
        fit += frames_needed({first, first + lengths[n]}) <= live[n];
      }
      return drops ? fit > 0 : fit == items;
    });
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.integer("zero_infinity");  // throws if it is missing
    if (in[0].size() != 3) throw invalid_input("log_probs " + to_string(in[0]) + " are not [T, N, C]");
    const index_t items = in[0][1], blank = a.integer("blank");
    if (blank < 0 || blank >= in[0][2]) throw invalid_input("the blank is no class");
    if (in[1].size() != 2 || in[1][0] != items || in[2] != shape{items} || in[3] != shape{items})
      throw invalid_input("targets or lengths do not fit log_probs " + to_string(in[0]));
    return {loss::reduced(a, {items})};
  }

  static index_t frames_needed(const std::vector<index_t>& labels) {  // repeats need a blank in between
    index_t n = static_cast<index_t>(labels.size());
    for (std::size_t k = 1; k < labels.size(); ++k) n += labels[k] == labels[k - 1];
    return n;
  }

  // One item: the states that its paths run through, and their probabilities.
  template <scalar S>
  struct lattice {
    using row = std::vector<std::optional<S>>;  // a log probability for each state; none for 0

    lattice(const call<S>& call_, index_t item)
        : c(call_), n(item), frames(c.at(2, n)), blank(c.attrs.integer("blank")) {
      const index_t count = c.at(3, n), most = c.in[1].extent(1), classes = c.in[0].extent(2);
      if (frames < 0 || frames > c.in[0].extent(0) || count < 0 || count > most)
        throw invalid_input("a length exceeds its tensor");
      for (index_t k = 0; k < count; ++k) {
        labels.push_back(c.at(1, n * most + k));
        if (labels.back() < 0 || labels.back() >= classes || labels.back() == blank)
          throw invalid_input("target " + std::to_string(labels.back()) + " is no label");
      }
    }
    bool feasible() const { return frames > 0 && frames_needed(labels) <= frames; }

    index_t states() const { return 2 * static_cast<index_t>(labels.size()) + 1; }
    index_t symbol(index_t s) const { return s % 2 == 0 ? blank : labels[static_cast<std::size_t>(s / 2)]; }
    bool leads(index_t from, index_t to) const {  // whether a path may go on from one state to another
      if (to == from || to == from + 1) return true;
      return to == from + 2 && symbol(to) != blank && symbol(to) != symbol(from);
    }
    const S& x(index_t t, index_t s) const {
      return c.in[0][(t * c.in[0].extent(1) + n) * c.in[0].extent(2) + symbol(s)];
    }

    std::vector<row> alphas() const {
      std::vector<row> alpha(static_cast<std::size_t>(frames), row(static_cast<std::size_t>(states())));
      for (index_t t = 0; t < frames; ++t)
        for (index_t s = 0; s < states(); ++s) {
          std::vector<S> before;
          if (t == 0 && s < 2) before.push_back(S(0));
          for (index_t r = std::max<index_t>(0, s - 2); t > 0 && r <= s; ++r)
            if (const std::optional<S>& a = at(alpha, t - 1, r); a && leads(r, s)) before.push_back(*a);
          if (!before.empty()) at(alpha, t, s) = x(t, s) + log_sum_exp(before);
        }
      return alpha;
    }

    std::vector<row> betas() const {
      std::vector<row> beta(static_cast<std::size_t>(frames), row(static_cast<std::size_t>(states())));
      for (index_t t = frames; t-- > 0;)
        for (index_t s = 0; s < states(); ++s) {
          std::vector<S> after;
          if (t == frames - 1 && s >= states() - 2) after.push_back(S(0));
          for (index_t r = s; t < frames - 1 && r < std::min(states(), s + 3); ++r)
            if (const std::optional<S>& b = at(beta, t + 1, r); b && leads(s, r)) after.push_back(x(t + 1, r) + *b);
          if (!after.empty()) at(beta, t, s) = log_sum_exp(after);
        }
      return beta;
    }

    S log_probability(const std::vector<row>& alpha) const {
      std::vector<S> ends;
      for (index_t s = std::max<index_t>(0, states() - 2); s < states(); ++s)
        if (const std::optional<S>& a = at(alpha, frames - 1, s)) ends.push_back(*a);
      return log_sum_exp(ends);
    }

    static S log_sum_exp(const std::vector<S>& terms) {
      if (terms.size() == 1) return terms.front();
      S m = terms.front();
      for (const S& one : terms) m = math::max(m, one);
      sum<S> total;
      for (const S& one : terms) total += math::exp(one - m);
      return m + math::log(total.value());
    }

    template <class Table>
    static auto& at(Table& table, index_t t, index_t s) {
      return table[static_cast<std::size_t>(t)][static_cast<std::size_t>(s)];
    }

    const call<S>& c;
    index_t n, frames, blank;
    std::vector<index_t> labels;
  };

  // What the mean divides an item's loss by, before it is averaged over the items.
  template <scalar S>
  static S labels(const lattice<S>& item) {
    if (item.c.attrs.text("reduction") != "mean") return S(1);
    return S(std::max(1, static_cast<int>(item.labels.size())));
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    values<S> losses(shape{c.in[0].extent(1)});
    for (index_t n = 0; n < losses.size(); ++n) {
      const lattice<S> item(c, n);
      if (item.feasible())
        losses[n] = -item.log_probability(item.alphas()) / labels(item);
      else if (!c.attrs.flag("zero_infinity"))
        losses[n] = S(std::numeric_limits<double>::infinity());
    }
    loss::reduce(c.attrs, losses, y[0]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t items = c.in[0].extent(1), classes = c.in[0].extent(2);
    sums<S> dx(d[0]);
    for (index_t n = 0; n < items; ++n) {
      const lattice<S> item(c, n);
      if (!item.feasible() && c.attrs.flag("zero_infinity")) continue;
      if (!item.feasible())
        for (index_t i = 0; i < d[0].size(); ++i)
          if (i / classes % items == n) dx[i] += S(std::numeric_limits<double>::quiet_NaN());
      if (!item.feasible()) continue;
      const auto alpha = item.alphas(), beta = item.betas();
      const S log_p = item.log_probability(alpha), share = loss::cotangent(c.attrs, g[0], n, items) / labels(item);
      for (index_t t = 0; t < item.frames; ++t)
        for (index_t s = 0; s < item.states(); ++s)
          if (const auto& a = item.at(alpha, t, s), &b = item.at(beta, t, s); a && b)
            dx[(t * items + n) * classes + item.symbol(s)].add_product(-share, math::exp(*a + *b - log_p));
    }
    dx.store();
  }
};

}  // namespace backproof::ops
