// The frame of losses in which classes must exceed other classes by a margin.
//
//   l  = (1/C) sum_{k in T} sum_{j not in T} w max(0, m - x_k + x_j)^p       of a row of C scores, with T its targets
//   dx_j += s, dx_k -= s for each pair, s = g w / C 1[m - x_k + x_j > 0] for p = 1, 2 g w max(0, m - x_k + x_j) / C
//           for p = 2
//
// The op states the rest:
//
//   template <scalar S> static std::vector<index> targets(const call<S>& c, index row);    // T
//   template <scalar S> static S weight(const call<S>& c, index target);                   // w, of a target class
//   static double margin(const attributes& a);
//   static index power(const attributes& a);                                               // 1 or 2
//
// For p = 1 there is a kink where a pair is at the margin: its s may be any number between those of both sides. Whether
// a pair is at the margin is itself computed, with rounding errors, so a pair that is near it counts as at the kink.
// Scores are [..., C], and the losses [...].
#pragma once

#include <vector>

#include "frames/loss.hpp"

namespace backproof::loss {

// max(0, x), of which a NaN is one as well.
template <scalar S>
S hinge(const S& x) {
  return math::max(x, S(0));
}

template <class Op>
struct margin_pairs {
  // Calls visit(k, j, w) for each pair of a row, k and j being where the scores of target and other class stand.
  template <scalar S, class F>
  static void each_pair(const call<S>& c, index_t row, F visit) {
    const index_t classes = c.in[0].extent(-1), start = row * classes;
    const std::vector<index_t> targets = Op::targets(c, row);
    std::vector<bool> is_target(static_cast<std::size_t>(classes));
    for (const index_t k : targets) is_target[static_cast<std::size_t>(k)] = true;
    for (const index_t k : targets)
      for (index_t j = 0; j < classes; ++j)
        if (!is_target[static_cast<std::size_t>(j)]) visit(start + k, start + j, Op::weight(c, k));
  }

  template <scalar S>
  static S shortfall(const call<S>& c, index_t k, index_t j) {
    return S(Op::margin(c.attrs)) - c.in[0][k] + c.in[0][j];
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    values<S> losses(rows_of(c.in[0].dims()));
    for (index_t row = 0; row < losses.size(); ++row) {
      sum<S> total;
      each_pair(c, row, [&](index_t k, index_t j, const S& w) {
        const S h = hinge(shortfall(c, k, j));
        total.add_product(w, Op::power(c.attrs) == 1 ? h : h * h);
      });
      losses[row] = total.value() / S(static_cast<int>(c.in[0].extent(-1)));
    }
    reduce(c.attrs, losses, y[0]);
  }

  // The derivative of a pair's loss by its shortfall, if that is positive: exactly w for p = 1.
  template <scalar S>
  static S slope(const call<S>& c, const S& w, const S& short_by) {
    return Op::power(c.attrs) == 1 ? w : S(2) * w * short_by;
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    const index_t rows = size_of(rows_of(c.in[0].dims()));
    const S classes(static_cast<int>(c.in[0].extent(-1)));
    for (index_t row = 0; row < rows; ++row)
      each_pair(c, row, [&](index_t k, index_t j, const S& w) {
        const S h = shortfall(c, k, j);
        if (!(S(0) < h)) return;
        const S share = cotangent(c.attrs, g[0], row, rows) * slope(c, w, h) / classes;
        dx[j] += share;
        dx[k] += -share;
      });
    dx.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    if (Op::power(c.attrs) != 1) return;
    const index_t rows = size_of(rows_of(c.in[0].dims()));
    const real classes(static_cast<int>(c.in[0].extent(-1))), m(Op::margin(c.attrs));
    for (index_t row = 0; row < rows; ++row)
      each_pair(c, row, [&](index_t k, index_t j, const real& w) {
        const real gap = shortfall(c, k, j);
        if (!isfinite(gap) || !s.near(gap, abs(m) + abs(c.in[0][k]) + abs(c.in[0][j]))) return;
        // How much of a pair's gradient is there: anything between nothing and all of it.
        const real chosen = real(0) < gap ? 1 : 0, all = cotangent(c.attrs, g[0], row, rows) * w / classes;
        s.interval({0, j}, 0, 1, chosen, all);
        s.interval({0, k}, -1, 0, -chosen, all);
      });
  }
};

}  // namespace backproof::loss
