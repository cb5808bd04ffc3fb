// Recurrent cells, and their unrolling over a sequence: RNN, LSTM and GRU, in ONNX's layout of weights.
//
//   struct lstm : recurrent::unrolled<lstm, recurrent::lstm_steps> {
//     static constexpr op_info info{...};
//     static constexpr recurrent::places inputs{.x = 0, .w = 1, ...}, outputs{...};    // of the operands
//     static void draw(sampler& s);
//   };
//
// Cells work on one row of the batch at a time. The gradient of a sequence is that of its steps in reverse; steps
// recompute their gates from the states before them. With sequence_lens, steps from a row's length on are not taken:
// Y is 0 there and the state stays, so that the reverse direction starts at the row's own end.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "backproof/activation.hpp"
#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::recurrent {

// Where the operands stand in an op's signature; among the outputs, h and c are the last states.
struct places {
  static constexpr std::size_t none = 99;
  std::size_t x = none, h = none, c = none, w = none, r = none, b = none, p = none, lens = none, y = none;
};

struct extents {
  index steps, batch, inputs, hidden, directions;
  bool batch_first = false;  // ONNX's layout = 1
  index x(index t, index n) const { return (batch_first ? n * steps + t : t * batch + n) * inputs; }
  index y(index t, index d, index n) const {
    return (batch_first ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden;
  }
  index state(index d, index n) const { return (batch_first ? n * directions + d : d * batch + n) * hidden; }
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

  S clipped(const S& a) const { return clip ? math::max(math::min(a, S(*clip)), S(-*clip)) : a; }
  S value(std::size_t k, const S& a) const { return unless_lost(functions[k].value(clipped(a)), a); }
  S slope(std::size_t k, const S& a) const {
    if constexpr (std::is_same_v<S, real>)
      if (at_kinks != nullptr) return slope_beside_kinks(k, a);
    return unless_lost(plain_slope(k, a), a);
  }
  void reaches(const preactivation<S>& a) const {
    if (at_kinks != nullptr && at_kinks->reach < a.size()) at_kinks->reach = a.size();
  }

 private:
  S plain_slope(std::size_t k, const S& a) const {
    if (clip && !(math::abs(a) < S(*clip))) return a == a ? S(0) : a;
    return from_output ? functions[k].slope_from_output(a) : functions[k].slope(a);
  }

  real slope_beside_kinks(std::size_t k, const real& a) const {
    std::vector<real> kinks = functions[k].kinks();
    if (clip) kinks.insert(kinks.end(), {real(*clip), real(-*clip)});
    // Each step adds errors to those of the ones before it: a few dozen terms, of the largest size there is.
    const real size = real(3) * (at_kinks->reach + abs(a));
    for (const real& kink : kinks)
      if (at_kinks->s.near(a - kink, size + abs(kink))) {
        const std::size_t met = at_kinks->met++;
        const bool right = met < at_kinks->right.size() && at_kinks->right[met];
        const real aside = ldexp(abs(kink) + real(1), -100);
        at_kinks->slopes = {plain_slope(k, kink - aside), plain_slope(k, kink + aside), plain_slope(k, a)};
        return at_kinks->slopes[right];
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
  index gate_count, direction;
  gates<S> act;

  index w(index gate, index j, index i) const {
    return ((direction * gate_count + gate) * e.hidden + j) * e.inputs + i;
  }
  index r(index gate, index j, index i) const {
    return ((direction * gate_count + gate) * e.hidden + j) * e.hidden + i;
  }
  index b(index gate, index j) const { return (direction * 2 * gate_count + gate) * e.hidden + j; }
  index p(index which, index j) const { return (direction * 3 + which) * e.hidden + j; }
  bool has_peepholes() const { return c.has(in.p); }

  // W x + Wb of one unit of a gate; x starts at that element of X.
  void add_input(preactivation<S>& a, index gate, index j, index x) const {
    for (index i = 0; i < e.inputs; ++i) a.add_product(c.in[in.w][w(gate, j, i)], c.in[in.x][x + i]);
    if (c.has(in.b)) a.add(c.in[in.b][b(gate, j)]);
  }
  // R h + Rb.
  void add_recurrent(preactivation<S>& a, index gate, index j, const row<S>& h) const {
    for (index i = 0; i < e.hidden; ++i) {
      const S& weight = c.in[in.r][r(gate, j, i)];
      a.add_product(weight, h[static_cast<std::size_t>(i)]);
      if constexpr (std::is_same_v<S, real>)
        if (act.at_kinks != nullptr) a.note(weight * act.at_kinks->reach);
    }
    if (c.has(in.b)) a.add(c.in[in.b][b(gate_count + gate, j)]);
    act.reaches(a);
  }
  S preactivate(index gate, index j, index x, const row<S>& h) const {
    preactivation<S> a;
    add_input(a, gate, j, x);
    add_recurrent(a, gate, j, h);
    return a.value();
  }

  // The adjoints of the above, for the cotangent da of the unit.
  void pull_input(totals<S>& d, index gate, index j, const S& da, index x) const {
    for (index i = 0; i < e.inputs; ++i) {
      d.x[x + i].add_product(da, c.in[in.w][w(gate, j, i)]);
      d.w[w(gate, j, i)].add_product(da, c.in[in.x][x + i]);
    }
    if (c.has(in.b)) d.b[b(gate, j)] += da;
  }
  void pull_recurrent(totals<S>& d, index gate, index j, const S& da, const row<S>& h, row<sum<S>>& dh) const {
    for (index i = 0; i < e.hidden; ++i) {
      dh[static_cast<std::size_t>(i)].add_product(da, c.in[in.r][r(gate, j, i)]);
      d.r[r(gate, j, i)].add_product(da, h[static_cast<std::size_t>(i)]);
    }
    if (c.has(in.b)) d.b[b(gate_count + gate, j)] += da;
  }
  void pull_peephole(totals<S>& d, index which, index j, const S& da, const S& cell, sum<S>& dcell) const {
    if (!has_peepholes()) return;
    dcell.add_product(da, c.in[in.p][p(which, j)]);
    d.p[p(which, j)].add_product(da, cell);
  }
};

// h' = f(W x + R h + b)
struct rnn_steps {
  static constexpr index gate_count = 1;
  static constexpr std::size_t function_count = 1;
  static constexpr bool has_cell = false;
  static constexpr std::string_view default_activations = "Tanh";

  template <scalar S>
  static state<S> step(const layer<S>& l, index x, const state<S>& before) {
    state<S> after = before;
    for (std::size_t j = 0; j < before.h.size(); ++j)
      after.h[j] = l.act.value(0, l.preactivate(0, static_cast<index>(j), x, before.h));
    return after;
  }

  template <scalar S>
  static void back(const layer<S>& l, index x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index>(k);
      const S da = g.h[k] * l.act.slope(0, l.preactivate(0, j, x, before.h));
      l.pull_input(d, 0, j, da, x);
      l.pull_recurrent(d, 0, j, da, before.h, d_before.h);
    }
  }
};

// c' = f c + i g(a_c), h' = o h(c'); i, o and f of their preactivations a and peepholes p c, o's of p c'
struct lstm_steps {
  static constexpr index gate_count = 4;  // i, o, f, c
  static constexpr std::size_t function_count = 3;
  static constexpr bool has_cell = true;
  static constexpr std::string_view default_activations = "Sigmoid,Tanh,Tanh";

  static bool coupled(const attributes& a) { return a.has("input_forget") && a.flag("input_forget"); }

  template <class S>
  struct unit {
    S ai, ao, af, ac, i, o, f, fresh, cell;
    unit(const layer<S>& l, index j, index x, const state<S>& before) {
      const S& old = before.c[static_cast<std::size_t>(j)];
      ai = gate(l, 0, j, x, before, old, 0);
      i = l.act.value(0, ai);
      af = gate(l, 2, j, x, before, old, 2);
      f = coupled(l.c.attrs) ? S(1) - i : l.act.value(0, af);
      ac = l.preactivate(3, j, x, before.h);
      fresh = l.act.value(1, ac);
      sum<S> total;
      total.add_product(f, old);
      total.add_product(i, fresh);
      cell = total.value();
      ao = gate(l, 1, j, x, before, cell, 1);
      o = l.act.value(0, ao);
    }
    static S gate(const layer<S>& l, index gate, index j, index x, const state<S>& before, const S& c, index which) {
      preactivation<S> a;
      l.add_input(a, gate, j, x);
      if (l.has_peepholes()) a.add_product(l.c.in[l.in.p][l.p(which, j)], c);
      l.add_recurrent(a, gate, j, before.h);
      return a.value();
    }
  };

  template <scalar S>
  static state<S> step(const layer<S>& l, index x, const state<S>& before) {
    state<S> after = before;
    for (std::size_t j = 0; j < before.h.size(); ++j) {
      const unit<S> u(l, static_cast<index>(j), x, before);
      after.c[j] = u.cell;
      after.h[j] = u.o * l.act.value(2, u.cell);
    }
    return after;
  }

  template <scalar S>
  static void back(const layer<S>& l, index x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index>(k);
      const unit<S> u(l, j, x, before);
      const S& old = before.c[k];
      const S dao = g.h[k] * l.act.value(2, u.cell) * l.act.slope(0, u.ao);
      sum<S> dcell;
      dcell += g.c[k];
      dcell += g.h[k] * u.o * l.act.slope(2, u.cell);
      l.pull_peephole(d, 1, j, dao, u.cell, dcell);
      const S dc = dcell.value();
      const bool coupled = lstm_steps::coupled(l.c.attrs);
      const S dai = dc * (coupled ? u.fresh - old : u.fresh) * l.act.slope(0, u.ai);
      const S daf = coupled ? S(0) : dc * old * l.act.slope(0, u.af);
      const S dac = dc * u.i * l.act.slope(1, u.ac);
      d_before.c[k].add_product(dc, u.f);
      l.pull_peephole(d, 0, j, dai, old, d_before.c[k]);
      if (!coupled) l.pull_peephole(d, 2, j, daf, old, d_before.c[k]);
      const std::array<const S*, 4> da = {&dai, &dao, &daf, &dac};
      for (index gate = 0; gate < 4; ++gate) {
        if (coupled && gate == 2) continue;
        l.pull_input(d, gate, j, *da[static_cast<std::size_t>(gate)], x);
        l.pull_recurrent(d, gate, j, *da[static_cast<std::size_t>(gate)], before.h, d_before.h);
      }
    }
  }
};

// h' = (1 - z) n + z h; n = g(W x + R (r h) + b), or with linear_before_reset g(W x + Wb + r (R h + Rb))
struct gru_steps {
  static constexpr index gate_count = 3;  // z, r, h
  static constexpr std::size_t function_count = 2;
  static constexpr bool has_cell = false;
  static constexpr std::string_view default_activations = "Sigmoid,Tanh";

  template <class S>
  struct units {
    row<S> az, ar, an, z, r, n, u, reset;  // u = R h + Rb if it is linear before the reset; else reset = r h
    units(const layer<S>& l, index x, const state<S>& before) {
      const auto size = static_cast<index>(before.h.size());
      for (index j = 0; j < size; ++j) {
        az.push_back(l.preactivate(0, j, x, before.h));
        z.push_back(l.act.value(0, az.back()));
        ar.push_back(l.preactivate(1, j, x, before.h));
        r.push_back(l.act.value(0, ar.back()));
        reset.push_back(r.back() * before.h[static_cast<std::size_t>(j)]);
      }
      for (index j = 0; j < size; ++j) {
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
        an.push_back(a.value());
        n.push_back(l.act.value(1, an.back()));
      }
    }
  };

  template <scalar S>
  static state<S> step(const layer<S>& l, index x, const state<S>& before) {
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
  static void back(const layer<S>& l, index x, const state<S>& before, const state<S>& g, totals<S>& d,
                   state<sum<S>>& d_before) {
    const units<S> v(l, x, before);
    const bool linear = l.c.attrs.flag("linear_before_reset");
    row<sum<S>> dr(before.h.size()), through(before.h.size());
    for (std::size_t k = 0; k < before.h.size(); ++k) {
      const auto j = static_cast<index>(k);
      const S daz = g.h[k] * (before.h[k] - v.n[k]) * l.act.slope(0, v.az[k]);
      const S dan = g.h[k] * (S(1) - v.z[k]) * l.act.slope(1, v.an[k]);
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
        dr[k].add_product(through[k].value(), before.h[k]);
        d_before.h[k].add_product(through[k].value(), v.r[k]);
      }
      const S dar = dr[k].value() * l.act.slope(0, v.ar[k]);
      l.pull_input(d, 1, static_cast<index>(k), dar, x);
      l.pull_recurrent(d, 1, static_cast<index>(k), dar, before.h, d_before.h);
    }
  }
};

// Forward and VJP of a whole sequence; a cell alone is one of a single step. Op has `inputs`, `outputs`, of(attrs,
// shapes) for the extents, and activations(attrs, directions).
template <class Op, class Steps>
struct network {
  // How one row of the batch goes through one direction: visit(t) for its steps, in order.
  template <scalar S>
  static std::vector<index> order(const call<S>& c, const extents& e, index d, index n) {
    const places& in = Op::inputs;
    const index length = c.has(in.lens) ? c.at(in.lens, n) : e.steps;
    if (length < 0 || length > e.steps)
      throw std::invalid_argument("length " + std::to_string(length) + " of a sequence of " + std::to_string(e.steps));
    const bool reverse = d == 1 || (c.attrs.has("direction") && c.attrs.text("direction") == "reverse");
    std::vector<index> steps;
    for (index k = 0; k < length; ++k) steps.push_back(reverse ? length - 1 - k : k);
    return steps;
  }

  // The states before each step of a row, and after the last one.
  template <scalar S>
  static std::vector<state<S>> states(const layer<S>& l, const std::vector<index>& steps, index n) {
    const index start = l.e.state(l.direction, n);
    const auto initial = [&](std::size_t place) {
      row<S> s(static_cast<std::size_t>(l.e.hidden), S(0));
      for (index j = 0; l.c.has(place) && j < l.e.hidden; ++j)
        s[static_cast<std::size_t>(j)] = l.c.in[place][start + j];
      return s;
    };
    std::vector<state<S>> all = {{initial(l.in.h), Steps::has_cell ? initial(l.in.c) : row<S>{}}};
    for (const index t : steps) all.push_back(Steps::template step<S>(l, l.e.x(t, n), all.back()));
    return all;
  }

  // Calls visit(layer, n, steps) for each direction and row.
  template <scalar S, class F>
  static void each_row(const call<S>& c, bool from_output, sides* at_kinks, F visit) {
    std::vector<shape> dims;
    for (const values<S>& x : c.in) dims.push_back(x.present() ? x.dims() : absent_shape);
    const extents e = Op::of(c.attrs, dims);
    const std::vector<activation> functions = Op::activations(c.attrs, e.directions);
    gates<S> act{.from_output = from_output, .at_kinks = at_kinks};
    if (c.attrs.has("clip")) act.clip = c.attrs.number("clip");
    for (index d = 0; d < e.directions; ++d) {
      act.functions = std::span(functions).subspan(static_cast<std::size_t>(d) * Steps::function_count);
      const layer<S> l{c, Op::inputs, e, Steps::gate_count, d, act};
      for (index n = 0; n < e.batch; ++n) visit(l, n, order(c, e, d, n));
    }
  }

  static void put(auto& list, std::size_t place, index start, const auto& elements) {
    if (place >= list.size() || !list[place].present()) return;
    for (std::size_t j = 0; j < elements.size(); ++j) list[place][start + static_cast<index>(j)] = elements[j];
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const places& out = Op::outputs;
    each_row(c, false, nullptr, [&](const layer<S>& l, index n, const std::vector<index>& steps) {
      const std::vector<state<S>> all = states(l, steps, n);
      for (std::size_t k = 0; k < steps.size(); ++k) put(y, out.y, l.e.y(steps[k], l.direction, n), all[k + 1].h);
      put(y, out.h, l.e.state(l.direction, n), all.back().h);
      put(y, out.c, l.e.state(l.direction, n), all.back().c);
    });
  }

  template <scalar S>
  static void add(row<sum<S>>& into, cotangents<S> g, std::size_t place, index start) {
    if (place >= g.size()) return;
    for (std::size_t j = 0; j < into.size(); ++j) into[j] += g[place][start + static_cast<index>(j)];
  }
  template <scalar S>
  static row<S> taken(const row<sum<S>>& sums) {
    row<S> r;
    for (const sum<S>& s : sums) r.push_back(s.value());
    return r;
  }

  template <scalar S>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, bool from_output, sides* at_kinks) {
    const places &in = Op::inputs, &out = Op::outputs;
    totals<S> total(in, d);
    each_row(c, from_output, at_kinks, [&](const layer<S>& l, index n, const std::vector<index>& steps) {
      const std::vector<state<S>> all = states(l, steps, n);
      const index place = l.e.state(l.direction, n);
      const auto none = [&] { return state<sum<S>>{row<sum<S>>(all[0].h.size()), row<sum<S>>(all[0].c.size())}; };
      state<sum<S>> ds = none();
      add<S>(ds.h, g, out.h, place);
      add<S>(ds.c, g, out.c, place);
      for (std::size_t k = steps.size(); k-- > 0;) {
        add<S>(ds.h, g, out.y, l.e.y(steps[k], l.direction, n));
        state<sum<S>> before = none();
        Steps::template back<S>(l, l.e.x(steps[k], n), all[k], {taken(ds.h), taken(ds.c)}, total, before);
        ds = std::move(before);
      }
      put(d, in.h, place, taken(ds.h));
      put(d, in.c, place, taken(ds.c));
    });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    gradient(c, g, d, false, nullptr);
  }

  struct from_outputs {
    static constexpr variant_info info{.name = "1-y^2 and y*(1-y)",
                                       .loss = "slopes from rounded outputs cancel where a gate saturates"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(c, g, d, true, nullptr);
    }
  };

  static std::vector<values<real>> gradients(const call<real>& c, cotangents<real> g, sides* at) {
    std::vector<values<real>> d;
    for (std::size_t k = 0; k < c.in.size(); ++k)
      d.push_back(k != Op::inputs.lens && c.in[k].present() ? values<real>(c.in[k].dims()) : values<real>{});
    gradient(c, g, std::span(d), false, at);
    return d;
  }

  template <class F>
  static void each_element(const std::vector<values<real>>& d, F visit) {
    for (std::size_t k = 0; k < d.size(); ++k)
      for (index i = 0; i < d[k].size(); ++i) visit(k, i);
  }

  // At a kink of an activation everything before it is uncertain, and linear in the slope that is taken there. The
  // gradients for all choices of one-sided slopes span a box, and any element of it is accepted.
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    sides first{.s = s, .right = {}};
    const auto left = gradients(c, g, &first);
    if (first.met == 0) return;
    const auto chosen = gradients(c, g, nullptr);
    if (first.met == 1)
      one_kink(c, g, left, first.slopes, s);
    else if (first.met <= 6)
      box(c, g, chosen, first.met, s);
    else  // nothing is said about the gradient
      each_element(chosen, [&](std::size_t k, index i) {
        s.between({k, i}, -real::infinity(), real::infinity(), chosen[k][i]);
      });
  }

  static void one_kink(const call<real>& c, cotangents<real> g, const std::vector<values<real>>& left,
                       const std::array<real, 3>& slopes, subdifferential& s) {
    sides at{.s = s, .right = {true}};
    const auto right = gradients(c, g, &at);
    each_element(left, [&](std::size_t k, index i) {
      const real per_slope = (right[k][i] - left[k][i]) / (slopes[1] - slopes[0]);
      const bool rising = slopes[0] < slopes[1];
      s.interval({k, i}, slopes[!rising], slopes[rising], slopes[2], per_slope);
    });
  }

  static void box(const call<real>& c, cotangents<real> g, const std::vector<values<real>>& chosen, std::size_t met,
                  subdifferential& s) {
    auto low = chosen, high = chosen;
    for (unsigned choice = 0; choice < 1U << met; ++choice) {
      sides at{.s = s, .right = {}};
      for (std::size_t k = 0; k < met; ++k) at.right.push_back((choice >> k & 1U) != 0);
      const auto d = gradients(c, g, &at);
      each_element(d, [&](std::size_t k, index i) {
        if (d[k][i] < low[k][i]) low[k][i] = d[k][i];
        if (high[k][i] < d[k][i]) high[k][i] = d[k][i];
      });
    }
    each_element(chosen, [&](std::size_t k, index i) {
      if (low[k][i] < high[k][i]) s.between({k, i}, low[k][i], high[k][i], chosen[k][i]);
    });
  }
};

inline void require(bool fits, const char* what, const shape& dims) {
  if (!fits) throw std::invalid_argument(std::string(what) + " " + to_string(dims) + " does not fit");
}

// The operands' shapes against the extents; `over` are the leading axes of a state, `directions` those of weights.
inline void require_shapes(std::span<const shape> dims, const places& in, const extents& e, index gate_count,
                           const shape& over, const shape& directions) {
  const auto check = [&](std::size_t place, const char* name, shape expected, const shape& tail) {
    expected.insert(expected.end(), tail.begin(), tail.end());
    if (given(dims, place)) require(dims[place] == expected, name, dims[place]);
  };
  const index rows = gate_count * e.hidden;
  check(in.w, "W", directions, {rows, e.inputs});
  check(in.r, "R", directions, {rows, e.hidden});
  check(in.b, "B", directions, {2 * rows});
  check(in.p, "P", directions, {3 * e.hidden});
  check(in.h, "h", over, {e.hidden});
  check(in.c, "c", over, {e.hidden});
  check(in.lens, "sequence_lens", {}, {e.batch});
}

// Weights and states stay small: saturated gates are met often enough, and beyond them there is nothing to see.
inline const domain weights{.low = -2, .high = 2};
inline const domain wide{.low = -12, .high = 12};

// One unit alone is easily dead, or saturated.
inline index draw_hidden(sampler& s) { return std::min(s.limit(), s.random().chance(0.05) ? 1 : s.extent(2, 3)); }

inline void draw_optional(sampler& s, bool there, const shape& dims, const domain& where = {}) {
  if (there)
    s.input(dims, where);
  else
    s.absent();
}

// One step, the state being an input: rnn_cell, lstm_cell, gru_cell.
template <class Op, class Steps>
struct single : network<Op, Steps> {
  static void draw(sampler& s) {
    const bool biased = s.choose({true, false}), peepholes = s.choose({true, false}), far = s.choose({false, true});
    const index batch = s.extent(1, 2), in = s.extent(1, 3), hidden = draw_hidden(s), rows = Steps::gate_count * hidden;
    s.input({batch, in}, far ? wide : weights);
    for (int k = 0; k < 1 + Steps::has_cell; ++k) s.input({batch, hidden}, weights);
    s.input({rows, in}, weights);
    s.input({rows, hidden}, weights);
    draw_optional(s, biased, {2 * rows}, weights);
    if (Steps::has_cell) draw_optional(s, peepholes, {3 * hidden}, weights);
  }

  static extents of(const attributes&, std::span<const shape> dims) {
    const places& in = Op::inputs;
    require(dims[in.x].size() == 2, "x", dims[in.x]);
    require(dims[in.h].size() == 2, "h", dims[in.h]);
    const extents e{1, dims[in.x][0], dims[in.x][1], dims[in.h][1], 1};
    require_shapes(dims, in, e, Steps::gate_count, {e.batch}, {});
    return e;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    of(a, in);
    Op::activations(a, 1);  // throws if it does not know them
    return std::vector<shape>(1 + Steps::has_cell, in[Op::inputs.h]);
  }
};

// A sequence: RNN, LSTM, GRU.
template <class Op, class Steps>
struct unrolled : network<Op, Steps> {
  static void draw(sampler& s) {
    const auto direction = s.attribute("direction", s.choose<std::string>({"forward", "reverse", "bidirectional"}));
    const bool batch_first = s.attribute("layout", s.choose<index>({0, 1})) != 0;
    const index steps = std::min(s.choose<index>({3, 1, 2, 3}), s.limit()), kind = s.choose<index>({0, 1, 0, 2, 0});
    const bool biased = s.choose({true, false}), ragged = s.choose({false, true}), started = s.choose({true, false});
    const index directions = direction == "bidirectional" ? 2 : 1;
    draw_activations(s, kind, directions);
    if (s.random().chance(0.15)) s.attribute("clip", s.random().chance(0.5) ? 0.75 : 2.0);
    const index batch = s.extent(1, 2), in = s.extent(1, 3);
    const index hidden = s.attribute("hidden_size", draw_hidden(s)), rows = Steps::gate_count * hidden;
    s.input(batch_first ? shape{batch, steps, in} : shape{steps, batch, in}, weights);
    s.input({directions, rows, in}, weights);
    s.input({directions, rows, hidden}, weights);
    draw_optional(s, biased, {directions, 2 * rows}, weights);
    if (ragged)
      s.indices({batch}, 1, steps);
    else
      s.absent();
    const shape state = batch_first ? shape{batch, directions, hidden} : shape{directions, batch, hidden};
    for (int k = 0; k < 1 + Steps::has_cell; ++k) draw_optional(s, started, state, weights);
    if (Steps::has_cell) draw_optional(s, s.random().chance(0.5), {directions, 3 * hidden}, weights);
  }

  // The default ones, or others; alphas and betas are exact in f32, as ONNX has them.
  static void draw_activations(sampler& s, index kind, index directions) {
    std::string names;
    std::vector<double> alphas, betas;
    for (index d = 0; d < directions; ++d) {
      if (kind == 0) names += (d > 0 ? "," : "") + std::string(Steps::default_activations);
      for (std::size_t k = 0; kind != 0 && k < Steps::function_count; ++k) {
        const activation_info& f = known_activations[static_cast<std::size_t>(s.random().below(10))];
        names += (names.empty() ? "" : ",") + std::string(f.name);
        if (f.alpha) alphas.push_back(s.random().chance(0.5) ? 0.25 : 0.75);
        if (f.beta) betas.push_back(s.random().chance(0.5) ? 0.5 : 0.375);
      }
    }
    s.attribute("activations", names);
    s.attribute("activation_alpha", alphas);
    s.attribute("activation_beta", betas);
  }

  static std::vector<activation> activations(const attributes& a, index directions) {
    std::vector<activation> list = activations_of(a);
    if (list.size() != static_cast<std::size_t>(directions) * Steps::function_count)
      throw std::invalid_argument(std::to_string(list.size()) + " activations are not as many as the cells have");
    return list;
  }

  static extents of(const attributes& a, std::span<const shape> dims) {
    const places& in = Op::inputs;
    const std::string& direction = a.text("direction");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      throw std::invalid_argument("direction is '" + direction + "', not forward, reverse or bidirectional");
    require(dims[in.x].size() == 3, "X", dims[in.x]);
    const bool batch_first = a.flag("layout");
    const shape& x = dims[in.x];
    const extents e{x[batch_first ? 1 : 0],
                    x[batch_first ? 0 : 1],
                    x[2],
                    a.integer("hidden_size"),
                    direction == "bidirectional" ? 2 : 1,
                    batch_first};
    require(e.hidden >= 0, "hidden_size", {e.hidden});
    const shape over = batch_first ? shape{e.batch, e.directions} : shape{e.directions, e.batch};
    require_shapes(dims, in, e, Steps::gate_count, over, {e.directions});
    return e;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const extents e = of(a, in);
    activations(a, e.directions);
    const shape state = e.batch_first ? shape{e.batch, e.directions, e.hidden} : shape{e.directions, e.batch, e.hidden};
    shape y = state;
    y.insert(y.begin() + e.batch_first, e.steps);
    std::vector<shape> outputs(2 + Steps::has_cell, state);
    outputs[0] = y;
    return outputs;
  }
};

}  // namespace backproof::recurrent
