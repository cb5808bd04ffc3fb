// Recurrent cells in ONNX's layout of weights: one step of RNN, LSTM or GRU for one row of the batch, and its VJP.
//
//   struct rnn_steps {
//     static constexpr index gate_count; static constexpr std::size_t function_count; static constexpr bool has_cell;
//     template <scalar S> static state<S> step(const layer<S>&, index x, const state<S>& before);
//     template <scalar S> static void back(const layer<S>&, index x, const state<S>& before, const state<S>& g,
//                                          totals<S>& d, state<sum<S>>& d_before);
//   };
//
// The VJP recomputes the gates from the state before the step. Gradients of weights and of X are collected in sums that
// belong to the whole sequence, because implementations add up over steps and rows in any order.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "backproof/op/op.hpp"
#include "frames/activation.hpp"

namespace backproof::recurrent {

// Where the operands stand in an op's signature; among the outputs, h and c are the last states.
struct places {
  static constexpr std::size_t none = 99;
  std::size_t x = none, h = none, c = none, w = none, r = none, b = none, p = none, lens = none, y = none;
};

struct extents {
  index_t steps, batch, inputs, hidden, directions;
  bool batch_first = false;  // ONNX's layout = 1
  index_t x(index_t t, index_t n) const { return (batch_first ? n * steps + t : t * batch + n) * inputs; }
  index_t y(index_t t, index_t d, index_t n) const {
    return (batch_first ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden;
  }
  index_t state(index_t d, index_t n) const { return (batch_first ? n * directions + d : d * batch + n) * hidden; }
};

template <class S>
using row = std::vector<S>;
template <class S>
struct state {
  row<S> h, c;  // c in an LSTM alone
};

// What an activation is applied to: a sum, and in wide precision the size of what was added up, because the rounding
// errors that may push it over a kink are of that size.
template <class S>
class preactivation {
 public:
  void add(const S& term) {
    total_ += term;
    note(term);
  }
  void add_product(const S& a, const S& b) {
    total_.add_product(a, b);
    if constexpr (std::is_same_v<S, real>) note(a * b);
  }
  void note(const S& term) {
    if constexpr (std::is_same_v<S, real>) size_ += abs(term);
  }
  S value() const { return total_.value(); }
  const real& size() const { return size_; }

 private:
  sum<S> total_;
  real size_ = 0;
};

// Which one-sided slope is taken at each kink that is within reach, in the order in which they are met.
struct sides {
  const subdifferential& s;
  std::vector<bool> right;
  std::size_t met = 0;
  std::array<real, 3> slopes = {};  // left of the last one met, right of it, and that of the reference
  real reach = 0;                   // the largest size of any preactivation
};

// The activations of a cell, behind its clip.
template <class S>
struct gates {
  std::span<const activation> functions = {};
  std::optional<double> clip = {};
  bool from_output = false;  // slopes as 1 - y^2 and y (1 - y)
  sides* at_kinks = nullptr;
  S* lost = nullptr;  // 0, with an infinite error bound if some sum may have overflowed

  S clipped(const S& a) const { return clip ? math::max(math::min(a, S(*clip)), S(-*clip)) : a; }
  S value(std::size_t k, const preactivation<S>& a) const {
    watch(a.value());
    return functions[k].value(clipped(a.value()));
  }
  // Sums that may overflow may as well come out as inf - inf, and make NaN of a zero that they are multiplied by. Then
  // nothing is known of the whole sequence.
  const S& watch(const S& a) const { return *lost = unless_lost(*lost, a), a; }
  S slope(std::size_t k, const preactivation<S>& a) const {
    if constexpr (std::is_same_v<S, real>)
      if (at_kinks != nullptr) return slope_beside_kinks(k, a.value(), a.size());
    return plain_slope(k, a.value());
  }
  void reaches(const preactivation<S>& a) const {
    if (at_kinks != nullptr && at_kinks->reach < a.size()) at_kinks->reach = a.size();
  }

 private:
  S plain_slope(std::size_t k, const S& a) const {
    if (!(a == a)) return a;
    if (clip && !(math::abs(a) < S(*clip))) return S(0);
    return from_output ? functions[k].slope_from_output(a) : functions[k].slope(a);
  }

  real slope_beside_kinks(std::size_t k, const real& a, const real& size) const {
    std::vector<real> kinks = functions[k].kinks();
    if (clip) kinks.insert(kinks.end(), {real(*clip), real(-*clip)});
    for (const real& kink : kinks) {
      const real aside = ldexp(abs(kink) + real(1), -100);
      const real left = plain_slope(k, kink - aside), right = plain_slope(k, kink + aside);
      // A dozen roundings, of cells of that many terms.
      if (left == right || !at_kinks->s.near(a - kink, real(3) * size + abs(kink))) continue;
      const std::size_t met = at_kinks->met++;
      at_kinks->slopes = {left, right, plain_slope(k, a)};
      return met < at_kinks->right.size() && at_kinks->right[met] ? right : left;
    }
    return plain_slope(k, a);
  }
};

// Sums for the gradients of all operands.
template <class S>
struct totals {
  totals(const places& in, results<S> d)
      : x(of(d, in.x)), w(of(d, in.w)), r(of(d, in.r)), b(of(d, in.b)), p(of(d, in.p)) {}
  void store() {
    for (sums<S>* s : {&x, &w, &r, &b, &p}) s->store();
  }
  values<S> nowhere;
  sums<S> x, w, r, b, p;

 private:
  values<S>& of(results<S> d, std::size_t k) { return k < d.size() ? d[k] : nowhere; }
};

// The weights of one direction, [gates * hidden, ..] of W and R, [2 * gates * hidden] of B, [3 * hidden] of P.
template <class S>
struct layer {
  const call<S>& c;
  const places& in;
  const extents& e;
  index_t gate_count, direction;
  gates<S> act;

  index_t w(index_t gate, index_t j, index_t i) const {
    return ((direction * gate_count + gate) * e.hidden + j) * e.inputs + i;
  }
  index_t r(index_t gate, index_t j, index_t i) const {
    return ((direction * gate_count + gate) * e.hidden + j) * e.hidden + i;
  }
  index_t b(index_t gate, index_t j) const { return (direction * 2 * gate_count + gate) * e.hidden + j; }
  index_t p(index_t which, index_t j) const { return (direction * 3 + which) * e.hidden + j; }
  bool has_peepholes() const { return c.has(in.p); }

  // W x + Wb of one unit of a gate; x starts at that element of X.
  void add_input(preactivation<S>& a, index_t gate, index_t j, index_t x) const {
    for (index_t i = 0; i < e.inputs; ++i) a.add_product(c.in[in.w][w(gate, j, i)], c.in[in.x][x + i]);
    if (c.has(in.b)) a.add(c.in[in.b][b(gate, j)]);
  }
  // R h + Rb.
  void add_recurrent(preactivation<S>& a, index_t gate, index_t j, const row<S>& h) const {
    for (index_t i = 0; i < e.hidden; ++i) {
      const S& weight = c.in[in.r][r(gate, j, i)];
      a.add_product(weight, h[static_cast<std::size_t>(i)]);
      if constexpr (std::is_same_v<S, real>)
        if (act.at_kinks != nullptr && e.steps > 1) a.note(weight * act.at_kinks->reach);  // errors of earlier steps
    }
    if (c.has(in.b)) a.add(c.in[in.b][b(gate_count + gate, j)]);
    act.reaches(a);
  }
  preactivation<S> preactivate(index_t gate, index_t j, index_t x, const row<S>& h) const {
    preactivation<S> a;
    add_input(a, gate, j, x);
    add_recurrent(a, gate, j, h);
    return a;
  }

  // The adjoints of the above, for the cotangent da of the unit.
  void pull_input(totals<S>& d, index_t gate, index_t j, const S& da, index_t x) const {
    for (index_t i = 0; i < e.inputs; ++i) {
      d.x[x + i].add_product(da, c.in[in.w][w(gate, j, i)]);
      d.w[w(gate, j, i)].add_product(da, c.in[in.x][x + i]);
    }
    if (c.has(in.b)) d.b[b(gate, j)] += da;
  }
  void pull_recurrent(totals<S>& d, index_t gate, index_t j, const S& da, const row<S>& h, row<sum<S>>& dh) const {
    for (index_t i = 0; i < e.hidden; ++i) {
      dh[static_cast<std::size_t>(i)].add_product(da, c.in[in.r][r(gate, j, i)]);
      d.r[r(gate, j, i)].add_product(da, h[static_cast<std::size_t>(i)]);
    }
    if (c.has(in.b)) d.b[b(gate_count + gate, j)] += da;
  }
  void pull_peephole(totals<S>& d, index_t which, index_t j, const S& da, const S& cell, sum<S>& dcell) const {
    if (!has_peepholes()) return;
    dcell.add_product(da, c.in[in.p][p(which, j)]);
    d.p[p(which, j)].add_product(da, cell);
  }
};

// h' = f(W x + R h + b)
struct rnn_steps {
  static constexpr index_t gate_count = 1;
  static constexpr std::size_t function_count = 1;
  static constexpr bool has_cell = false;
  static constexpr std::string_view default_activations = "Tanh";

  template <scalar S>
  static state<S> step(const layer<S>& l, index_t x, const state<S>& before) {
    state<S> after = before;
    for (std::size_t j = 0; j < before.h.size(); ++j)
      after.h[j] = l.act.value(0, l.preactivate(0, static_cast<index_t>(j), x, before.h));
    return after;
  }

  template <scalar S>
  static void back(const layer<S>& l, index_t x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index_t>(k);
      const S da = g.h[k] * l.act.slope(0, l.preactivate(0, j, x, before.h));
      l.pull_input(d, 0, j, da, x);
      l.pull_recurrent(d, 0, j, da, before.h, d_before.h);
    }
  }
};

// c' = f c + i g(a_c), h' = o h(c'); i, o and f of their preactivations a and peepholes p c, o's of p c'
struct lstm_steps {
  static constexpr index_t gate_count = 4;  // i, o, f, c
  static constexpr std::size_t function_count = 3;
  static constexpr bool has_cell = true;
  static constexpr std::string_view default_activations = "Sigmoid,Tanh,Tanh";

  static bool coupled(const attributes& a) { return a.has("input_forget") && a.flag("input_forget"); }

  template <class S>
  struct unit {
    preactivation<S> ai, ao, af, ac, ah;  // the last one is c' itself
    S i, o, f, fresh, cell;
    unit(const layer<S>& l, index_t j, index_t x, const state<S>& before) {
      const S& old = before.c[static_cast<std::size_t>(j)];
      ai = gate(l, 0, j, x, before, old, 0);
      i = l.act.value(0, ai);
      af = gate(l, 2, j, x, before, old, 2);
      f = coupled(l.c.attrs) ? S(1) - i : l.act.value(0, af);
      ac = l.preactivate(3, j, x, before.h);
      fresh = l.act.value(1, ac);
      ah.add_product(f, old);
      ah.add_product(i, fresh);
      cell = ah.value();
      ao = gate(l, 1, j, x, before, cell, 1);
      o = l.act.value(0, ao);
    }
    static preactivation<S> gate(const layer<S>& l, index_t gate, index_t j, index_t x, const state<S>& before,
                                 const S& c, index_t which) {
      preactivation<S> a;
      l.add_input(a, gate, j, x);
      if (l.has_peepholes()) a.add_product(l.c.in[l.in.p][l.p(which, j)], c);
      l.add_recurrent(a, gate, j, before.h);
      return a;
    }
  };

  template <scalar S>
  static state<S> step(const layer<S>& l, index_t x, const state<S>& before) {
    state<S> after = before;
    for (std::size_t j = 0; j < before.h.size(); ++j) {
      const unit<S> u(l, static_cast<index_t>(j), x, before);
      after.c[j] = u.cell;
      after.h[j] = u.o * l.act.value(2, u.ah);
    }
    return after;
  }

  template <scalar S>
  static void back(const layer<S>& l, index_t x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index_t>(k);
      const unit<S> u(l, j, x, before);
      const S& old = before.c[k];
      const S dao = g.h[k] * l.act.slope(0, u.ao) * l.act.value(2, u.ah);
      sum<S> dcell;
      dcell += g.c[k];
      dcell += g.h[k] * l.act.slope(2, u.ah) * u.o;
      l.pull_peephole(d, 1, j, dao, u.cell, dcell);
      const S dc = l.act.watch(dcell.value());
      const bool coupled = lstm_steps::coupled(l.c.attrs);
      const S dai = dc * l.act.slope(0, u.ai) * (coupled ? u.fresh - old : u.fresh);
      const S daf = coupled ? S(0) : dc * l.act.slope(0, u.af) * old;
      const S dac = dc * l.act.slope(1, u.ac) * u.i;
      d_before.c[k].add_product(dc, u.f);
      l.pull_peephole(d, 0, j, dai, old, d_before.c[k]);
      if (!coupled) l.pull_peephole(d, 2, j, daf, old, d_before.c[k]);
      const std::array<const S*, 4> da = {&dai, &dao, &daf, &dac};
      for (index_t gate = 0; gate < 4; ++gate) {
        if (coupled && gate == 2) continue;
        l.pull_input(d, gate, j, *da[static_cast<std::size_t>(gate)], x);
        l.pull_recurrent(d, gate, j, *da[static_cast<std::size_t>(gate)], before.h, d_before.h);
      }
    }
  }
};

// h' = (1 - z) n + z h; n = g(W x + R (r h) + b), or with linear_before_reset g(W x + Wb + r (R h + Rb))
struct gru_steps {
  static constexpr index_t gate_count = 3;  // z, r, h
  static constexpr std::size_t function_count = 2;
  static constexpr bool has_cell = false;
  static constexpr std::string_view default_activations = "Sigmoid,Tanh";

  template <class S>
  struct units {
    row<preactivation<S>> az, ar, an;
    row<S> z, r, n, u, reset;  // u = R h + Rb if it is linear before the reset; else reset = r h
    units(const layer<S>& l, index_t x, const state<S>& before) {
      const auto size = static_cast<index_t>(before.h.size());
      for (index_t j = 0; j < size; ++j) {
        az.push_back(l.preactivate(0, j, x, before.h));
        z.push_back(l.act.value(0, az.back()));
        ar.push_back(l.preactivate(1, j, x, before.h));
        r.push_back(l.act.value(0, ar.back()));
        reset.push_back(r.back() * before.h[static_cast<std::size_t>(j)]);
      }
      for (index_t j = 0; j < size; ++j) {
        preactivation<S> a, inner;
        l.add_input(a, 2, j, x);
        if (l.c.attrs.flag("linear_before_reset")) {
          l.add_recurrent(inner, 2, j, before.h);
          u.push_back(inner.value());
          a.add_product(r[static_cast<std::size_t>(j)], u.back());
          l.act.reaches(a);
        } else {
          l.add_recurrent(a, 2, j, reset);
        }
        an.push_back(a);
        n.push_back(l.act.value(1, an.back()));
      }
    }
  };

  template <scalar S>
  static state<S> step(const layer<S>& l, index_t x, const state<S>& before) {
    const units<S> v(l, x, before);
    state<S> after = before;
    for (std::size_t j = 0; j < before.h.size(); ++j) {
      sum<S> h;
      h.add_product(S(1) - v.z[j], v.n[j]);
      h.add_product(v.z[j], before.h[j]);
      after.h[j] = h.value();
    }
    return after;
  }

  template <scalar S>
  static void back(const layer<S>& l, index_t x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    const units<S> v(l, x, before);
    const bool linear = l.c.attrs.flag("linear_before_reset");
    row<sum<S>> dr(before.h.size()), through(before.h.size());
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index_t>(k);
      const S daz = g.h[k] * l.act.slope(0, v.az[k]) * (before.h[k] - v.n[k]);
      const S dan = g.h[k] * l.act.slope(1, v.an[k]) * (S(1) - v.z[k]);
      d_before.h[k].add_product(g.h[k], v.z[k]);
      l.pull_input(d, 0, j, daz, x);
      l.pull_recurrent(d, 0, j, daz, before.h, d_before.h);
      l.pull_input(d, 2, j, dan, x);
      if (linear) {
        dr[k].add_product(dan, v.u[k]);
        l.pull_recurrent(d, 2, j, dan * v.r[k], before.h, d_before.h);
      } else {
        l.pull_recurrent(d, 2, j, dan, v.reset, through);
      }
    }
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      if (!linear) {
        const S t = l.act.watch(through[k].value());
        dr[k].add_product(t, before.h[k]);
        d_before.h[k].add_product(t, v.r[k]);
      }
      const S dar = l.act.watch(dr[k].value()) * l.act.slope(0, v.ar[k]);
      l.pull_input(d, 1, static_cast<index_t>(k), dar, x);
      l.pull_recurrent(d, 1, static_cast<index_t>(k), dar, before.h, d_before.h);
    }
  }
};

}  // namespace backproof::recurrent
