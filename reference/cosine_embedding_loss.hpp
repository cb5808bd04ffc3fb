// Cosine embedding loss: pairs of vectors are to be alike (t = 1), or to differ (t = -1).
//
//   c  = <a, b> / R,   R = sqrt(A B),   A = |a|^2 + e,   B = |b|^2 + e,   e = 1e-12
//   l  = 1 - c for t = 1,   max(0, c - m) for t = -1
//   da = k (b / R - c a / A),   db = k (a / R - c b / B),   k = -g for t = 1,   g 1[c > m] for t = -1
//
// Vectors [N, D] or [D], targets [N] or a scalar. Because of e there is no singularity at zero vectors. Kink for
// t = -1 where c is exactly m: [0, 1] times the gradient of c; c is computed first, so any c that is near m is at the
// kink as well. Source: torch.nn.functional.cosine_embedding_loss.
#pragma once

#include <algorithm>

#include "frames/fitting_indices.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct cosine_embedding_loss {
  static constexpr op_info info{.name = "cosine_embedding_loss",
                                .signature = "input1, input2, target# -> loss",
                                .formula = "l = 1 - c (t = 1), max(0, c - margin) (t = -1), c = <a, b> / sqrt(A B)",
                                .vjp = "da = k (b / R - c a / A), k = -g (t = 1), g 1[c > margin] (t = -1)",
                                .source = "torch.nn.functional.cosine_embedding_loss"};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    s.attribute("margin", s.choose({0.0, 0.25, -0.5, static_cast<double>(0.1f)}));
    const bool batch = s.choose({true, true, false});
    shape x = {s.extent(2, 17)};  // of numbers, the cosine is 1 or -1, and has next to no gradient
    if (batch) x.insert(x.begin(), s.extent(1, 6));
    s.input(x, {.distinct = true});
    s.input(x, {.distinct = true});
    x.pop_back();
    const auto no_zero = [](const std::vector<index_t>& t) { return std::find(t.begin(), t.end(), 0) == t.end(); };
    fitting_indices(s, x, -1, 1, no_zero);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.number("margin");  // throws if it is missing
    if (in[0].empty() || in[1] != in[0])
      throw invalid_input("vectors " + to_string(in[0]) + " and " + to_string(in[1]) + " do not pair");
    if (in[2] != shape(in[0].begin(), in[0].end() - 1))
      throw invalid_input("targets " + to_string(in[2]) + " do not fit vectors " + to_string(in[0]));
    return {loss::reduced(a, in[2])};
  }

  // One pair of vectors.
  template <scalar S>
  struct pair {
    pair(const call<S>& c, index_t row) : length(c.in[0].extent(-1)), start(row * length), alike(c.at(2, row) == 1) {
      if (!alike && c.at(2, row) != -1) throw invalid_input("a target is neither 1 nor -1");
      sum<S> dot, aa, bb;
      for (index_t i = start; i < start + length; ++i) {
        dot.add_product(c.in[0][i], c.in[1][i]);
        aa.add_product(c.in[0][i], c.in[0][i]);
        bb.add_product(c.in[1][i], c.in[1][i]);
      }
      aa += S(1e-12);
      bb += S(1e-12);
      a2 = aa.value(), b2 = bb.value();
      root = math::sqrt(a2 * b2);
      cosine = dot.value() / root;
    }
    index_t length, start;
    bool alike;
    S a2, b2, root, cosine;

    S by_a(const call<S>& c, index_t i) const { return c.in[1][i] / root - cosine * c.in[0][i] / a2; }
    S by_b(const call<S>& c, index_t i) const { return c.in[0][i] / root - cosine * c.in[1][i] / b2; }
  };

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    values<S> losses(c.in[2].dims());
    for (index_t row = 0; row < losses.size(); ++row) {
      const pair<S> p(c, row);
      losses[row] = p.alike ? S(1) - p.cosine : math::max(p.cosine - S(c.attrs.number("margin")), S(0));
    }
    loss::reduce(c.attrs, losses, y[0]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t row = 0; row < c.in[2].size(); ++row) {
      const pair<S> p(c, row);
      const S share = loss::cotangent(c.attrs, g[0], row, c.in[2].size()), gap = p.cosine - S(c.attrs.number("margin"));
      // Below the margin this is 0, unless c is a number that may have overflowed: then nothing is known.
      const S k = p.alike ? -share : S(0) < gap ? share : share * math::max(gap, S(0));
      for (index_t i = p.start; i < p.start + p.length; ++i) {
        d[0][i] = k * p.by_a(c, i);
        d[1][i] = k * p.by_b(c, i);
      }
    }
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const real margin(c.attrs.number("margin"));
    for (index_t row = 0; row < c.in[2].size(); ++row) {
      const pair<real> p(c, row);
      if (p.alike) continue;
      real terms = abs(margin);  // what rounds in the sums of c, in units of its last place
      for (index_t i = p.start; i < p.start + p.length; ++i) terms += abs(c.in[0][i] * c.in[1][i]) / p.root;
      const real gap = p.cosine - margin;
      if (!isfinite(gap) || !s.near(gap, terms * real(static_cast<int>(p.length) + 4))) continue;
      // How much of the gradient is there: anything between nothing and all of it.
      const real share = loss::cotangent(c.attrs, g[0], row, c.in[2].size()), chosen = real(0) < gap ? 1 : 0;
      for (index_t i = p.start; i < p.start + p.length; ++i) {
        s.interval({0, i}, 0, 1, chosen, share * p.by_a(c, i));
        s.interval({1, i}, 0, 1, chosen, share * p.by_b(c, i));
      }
    }
  }
};

}  // namespace backproof::ops
