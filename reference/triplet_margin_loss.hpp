// Triplet margin loss: an anchor is to be nearer to its positive than to its negative, by a margin.
//
//   d(u, v) = ||u - v + eps||_p
//   l  = max(0, d(a, p) - min(d(a, n), d(p, n)) + m)        with swap; without, d(a, n) in the place of the minimum
//   da = h (n(a, p) - n(a, n)), dp = -h n(a, p), dn = h n(a, n),   h = g 1[l > 0]; where d(p, n) is the smaller one,
//   da = h n(a, p), dp = -h (n(a, p) + n(p, n)), dn = h n(p, n)
//   n(u, v)_i = sgn z_i (|z_i| / ||z||_p)^(p-1),   z = u - v + eps
//
// Vectors [N, D] or [D], p in {1, 2, 3}. Kinks: where l is at 0; with swap, where both distances tie; and where z is
// 0: for p = 1 in each element, [-1, 1], else in all, the unit ball of the q-norm, 1/p + 1/q = 1. Shifting all three
// vectors changes nothing, so the gradients add up to 0. Source: torch.nn.functional.triplet_margin_loss.
#pragma once

#include <array>

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct triplet_margin_loss {
  static constexpr op_info info{.name = "triplet_margin_loss",
                                .signature = "anchor, positive, negative -> loss",
                                .formula =
                                    "l = max(0, d(a, p) - min(d(a, n), swap: d(p, n)) + margin), "
                                    "d(u, v) = ||u - v + eps||_p",
                                .vjp =
                                    "da = h (n(a,p) - n(a,n)), dp = -h n(a,p), dn = h n(a,n), h = g 1[l > 0]; "
                                    "swapped: da = h n(a,p), dp = -h (n(a,p) + n(p,n)), dn = h n(p,n)",
                                .source = "torch.nn.functional.triplet_margin_loss"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    s.attribute("p", s.choose({2.0, 1.0, 3.0}));
    s.attribute("swap", s.choose<index_t>({0, 1}));
    s.attribute("margin", s.choose({1.0, 12.0, 0.25}));
    s.attribute("eps", s.choose({1e-6, 0.0, 0.125}));
    const bool batch = s.choose({true, true, false});
    shape x = {s.extent(2, 17)};
    if (batch) x.insert(x.begin(), s.extent(1, 6));
    // Were the negative as far away as the positive, half of all samples would have no gradient.
    s.input(x, {.low = -1.5, .high = 1.5, .distinct = true});
    s.input(x, {.low = 0.5, .distinct = true});
    s.input(x, {.low = -1.5, .high = 1.5, .distinct = true});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (const double p = a.number("p"); p != 1 && p != 2 && p != 3) throw invalid_input("p is not 1, 2 or 3");
    a.integer("swap"), a.number("margin"), a.number("eps");  // throw if they are missing
    if (in[0].empty() || in[1] != in[0] || in[2] != in[0])
      throw invalid_input("anchor " + to_string(in[0]) + ", positive " + to_string(in[1]) + " and negative " +
                          to_string(in[2]) + " do not fit");
    return {loss::reduced(a, {in[0].begin(), in[0].end() - 1})};
  }

  // The distance between row `start` of inputs u and v.
  template <scalar S>
  struct distance {
    distance(const call<S>& c, std::size_t from, std::size_t to, index_t start)
        : u(from), v(to), p(static_cast<int>(c.attrs.number("p"))) {
      sum<S> total;
      for (index_t i = start; i < start + c.in[u].extent(-1); ++i) {
        z.push_back(c.in[u][i] - c.in[v][i] + S(c.attrs.number("eps")));
        const S size = math::abs(z.back());
        total += p == 1 ? size : p == 2 ? size * size : size * size * size;
      }
      value = p == 1   ? total.value()
              : p == 2 ? math::sqrt(total.value())
                       : math::pow(total.value(), math::constant<S>(real(1) / real(3)));
    }
    std::size_t u, v;
    int p;
    std::vector<S> z;
    S value;

    S slope(index_t i) const {  // by element i of u; that of v has the opposite one
      const S& at = z[static_cast<std::size_t>(i)];
      if (value == S(0) || at == S(0)) return S(0);
      const S sign = at < S(0) ? S(-1) : S(1), share = math::abs(at) / value;
      return p == 1 ? sign : p == 2 ? at / value : sign * share * share;
    }
  };

  template <scalar S>
  struct triplet {
    triplet(const call<S>& c, index_t row)
        : start(row * c.in[0].extent(-1)),
          near(c, 0, 1, start),
          direct(c, 0, 2, start),
          swapped(c, 1, 2, start),
          swaps(c.attrs.flag("swap") && swapped.value < direct.value) {
      const S far = c.attrs.flag("swap") ? math::min(direct.value, swapped.value) : direct.value;
      loss = near.value - far + S(c.attrs.number("margin"));
    }
    index_t start;
    distance<S> near, direct, swapped;
    bool swaps;
    S loss;
    const distance<S>& far() const { return swaps ? swapped : direct; }
  };

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    shape rows = c.in[0].dims();
    rows.pop_back();
    values<S> losses(rows);
    for (index_t row = 0; row < losses.size(); ++row) losses[row] = math::max(triplet<S>(c, row).loss, S(0));
    loss::reduce(c.attrs, losses, y[0]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), -1);
    for (index_t row = 0; row < along.outer; ++row) {
      const triplet<S> t(c, row);
      if (!(S(0) < t.loss)) continue;
      const S share = loss::cotangent(c.attrs, g[0], row, along.outer);
      for (index_t i = 0; i < along.length; ++i) {
        std::array<sum<S>, 3> total;
        total[t.near.u].add_product(share, t.near.slope(i));
        total[t.near.v].add_product(-share, t.near.slope(i));
        total[t.far().u].add_product(-share, t.far().slope(i));
        total[t.far().v].add_product(share, t.far().slope(i));
        for (std::size_t k = 0; k < 3; ++k) d[k][t.start + i] = total[k].value();
      }
    }
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const slices along(c.in[0].dims(), -1);
    for (index_t row = 0; row < along.outer; ++row) {
      const triplet<real> t(c, row);
      if (!isfinite(t.loss)) continue;
      const real share = loss::cotangent(c.attrs, g[0], row, along.outer);
      const real rounds = terms(c, t.start) * real(static_cast<int>(along.length) + 4);
      const bool at_margin = s.near(t.loss, rounds);
      const bool tied = c.attrs.flag("swap") && s.near(t.direct.value - t.swapped.value, rounds);
      const real chosen = real(0) < t.loss ? 1 : 0;
      if (!at_margin && chosen == real(0)) continue;
      // A slope that is in force, taken by so much more or less.
      const auto scaled = [&](const distance<real>& by, const real& sign, const real& low, const real& high,
                              const real& now) {
        for (index_t i = 0; i < along.length; ++i) {
          s.interval({by.u, t.start + i}, low, high, now, sign * share * by.slope(i));
          s.interval({by.v, t.start + i}, low, high, now, -sign * share * by.slope(i));
        }
      };
      if (at_margin) scaled(t.near, 1, 0, 1, chosen);
      if (at_margin && !tied) scaled(t.far(), -1, 0, 1, chosen);
      if (tied) scaled(t.direct, -1, 0, 1, t.swaps ? real(0) : chosen);
      if (tied) scaled(t.swapped, -1, 0, 1, t.swaps ? chosen : real(0));
      at_zero(c, t, tied, share, s);
    }
  }

  // The sum of the magnitudes of all that enters the distances: what rounds in them, in units of its last place.
  static real terms(const call<real>& c, index_t start) {
    real total = abs(real(c.attrs.number("margin")));
    for (index_t i = start; i < start + c.in[0].extent(-1); ++i)
      total += abs(c.in[0][i]) + abs(c.in[1][i]) + abs(c.in[2][i]) + real(c.attrs.number("eps"));
    return total;
  }

  // Kinks of the distances themselves.
  static void at_zero(const call<real>& c, const triplet<real>& t, bool tied, const real& share, subdifferential& s) {
    std::vector<const distance<real>*> met = {&t.near, &t.far()};
    if (tied) met.push_back(t.swaps ? &t.direct : &t.swapped);
    std::array<int, 3> balls{};
    for (const distance<real>* by : met) {
      if (by->p != 1 && by->value == real(0)) ++balls[by->u], ++balls[by->v];
      for (std::size_t i = 0; by->p == 1 && i < by->z.size(); ++i) {
        const index_t at = t.start + static_cast<index_t>(i);
        const real scale = abs(c.in[by->u][at]) + abs(c.in[by->v][at]) + abs(real(c.attrs.number("eps")));
        if (!s.near(by->z[i], scale)) continue;
        for (const std::size_t k : {by->u, by->v})
          s.interval({k, at}, -1, 1, by->slope(static_cast<index_t>(i)), share);
      }
    }
    for (std::size_t k = 0; k < 3; ++k) {
      std::vector<position> elements;
      for (index_t i = 0; i < c.in[k].extent(-1); ++i) elements.push_back({k, t.start + i});
      if (balls[k] > 0) s.ball(elements, t.near.p == 2 ? 2 : 1.5, real(balls[k]) * share);
    }
  }
};

}  // namespace backproof::ops
