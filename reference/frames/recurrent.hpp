// Recurrent networks: cells alone, and cells unrolled over a sequence.
//
//   struct lstm : recurrent::unrolled<lstm, recurrent::lstm_steps> {
//     static constexpr op_info info{...};
//     static constexpr recurrent::places inputs{.x = 0, .w = 1, ...}, outputs{...};    // of the operands
//   };
//
// The VJP of a sequence is the VJPs of its steps in reverse order. With sequence_lens, a row takes no steps beyond its
// own length: Y is 0 there and the state stays, so that the reverse direction starts at the row's own end.
#pragma once

#include <span>

#include "backproof/op/sample.hpp"
#include "frames/recurrent_cell.hpp"

namespace backproof::recurrent {

// Forward and VJP of a whole sequence; a cell alone is one of a single step. Op has `inputs`, `outputs`, of(attrs,
// shapes) for the extents, and activations(attrs, directions).
template <class Op, class Steps>
struct network {
  // How one row of the batch goes through one direction: visit(t) for its steps, in order.
  template <scalar S>
  static std::vector<index_t> order(const call<S>& c, const extents& e, index_t d, index_t n) {
    const places& in = Op::inputs;
    const index_t length = c.has(in.lens) ? c.at(in.lens, n) : e.steps;
    if (length < 0 || length > e.steps)
      throw invalid_input("length " + std::to_string(length) + " of a sequence of " + std::to_string(e.steps));
    const bool reverse = d == 1 || (c.attrs.has("direction") && c.attrs.text("direction") == "reverse");
    std::vector<index_t> steps;
    for (index_t k = 0; k < length; ++k) steps.push_back(reverse ? length - 1 - k : k);
    return steps;
  }

  // The states before each step of a row, and after the last one.
  template <scalar S>
  static std::vector<state<S>> states(const layer<S>& l, const std::vector<index_t>& steps, index_t n) {
    const index_t start = l.e.state(l.direction, n);
    const auto initial = [&](std::size_t place) {
      row<S> s(static_cast<std::size_t>(l.e.hidden), S(0));
      for (index_t j = 0; l.c.has(place) && j < l.e.hidden; ++j)
        s[static_cast<std::size_t>(j)] = l.c.in[place][start + j];
      return s;
    };
    std::vector<state<S>> all = {{initial(l.in.h), Steps::has_cell ? initial(l.in.c) : row<S>{}}};
    for (const index_t t : steps) all.push_back(Steps::template step<S>(l, l.e.x(t, n), all.back()));
    return all;
  }

  // Calls visit(layer, n, steps) for each direction and row. Returns what is to be added to all results: 0, see
  // watch().
  template <scalar S, class F>
  static S each_row(const call<S>& c, bool from_output, sides* at_kinks, F visit) {
    std::vector<shape> dims;
    for (const values<S>& x : c.in) dims.push_back(x.present() ? x.dims() : absent_shape);
    const extents e = Op::of(c.attrs, dims);
    const std::vector<activation> functions = Op::activations(c.attrs, e.directions);
    S lost(0);
    gates<S> act{.from_output = from_output, .at_kinks = at_kinks, .lost = &lost};
    if (c.attrs.has("clip")) act.clip = c.attrs.number("clip");
    for (index_t d = 0; d < e.directions; ++d) {
      act.functions = std::span(functions).subspan(static_cast<std::size_t>(d) * Steps::function_count);
      const layer<S> l{c, Op::inputs, e, Steps::gate_count, d, act};
      for (index_t n = 0; n < e.batch; ++n) visit(l, n, order(c, e, d, n));
    }
    return lost;
  }

  template <class S>
  static void spoil(std::span<values<S>> results, const S& lost) {
    for (values<S>& one : results)
      for (index_t i = 0; i < one.size(); ++i) one[i] = unless_lost(one[i], lost);
  }

  static void put(auto& list, std::size_t place, index_t start, const auto& elements) {
    if (place >= list.size() || !list[place].present()) return;
    for (std::size_t j = 0; j < elements.size(); ++j) list[place][start + static_cast<index_t>(j)] = elements[j];
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const places& out = Op::outputs;
    const S lost = each_row(c, false, nullptr, [&](const layer<S>& l, index_t n, const std::vector<index_t>& steps) {
      const std::vector<state<S>> all = states(l, steps, n);
      for (std::size_t k = 0; k < steps.size(); ++k) put(y, out.y, l.e.y(steps[k], l.direction, n), all[k + 1].h);
      put(y, out.h, l.e.state(l.direction, n), all.back().h);
      put(y, out.c, l.e.state(l.direction, n), all.back().c);
    });
    spoil(y, lost);
  }

  template <scalar S>
  static void add(row<sum<S>>& into, cotangents<S> g, std::size_t place, index_t start) {
    if (place >= g.size()) return;
    for (std::size_t j = 0; j < into.size(); ++j) into[j] += g[place][start + static_cast<index_t>(j)];
  }
  template <scalar S>
  static row<S> taken(const layer<S>& l, const row<sum<S>>& sums) {
    row<S> r;
    for (const sum<S>& s : sums) r.push_back(l.act.watch(s.value()));
    return r;
  }

  template <scalar S>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, bool from_output, sides* at_kinks) {
    const places &in = Op::inputs, &out = Op::outputs;
    totals<S> total(in, d);
    const S lost =
        each_row(c, from_output, at_kinks, [&](const layer<S>& l, index_t n, const std::vector<index_t>& steps) {
          const std::vector<state<S>> all = states(l, steps, n);
          const index_t place = l.e.state(l.direction, n);
          const auto none = [&] { return state<sum<S>>{row<sum<S>>(all[0].h.size()), row<sum<S>>(all[0].c.size())}; };
          state<sum<S>> ds = none();
          add<S>(ds.h, g, out.h, place);
          add<S>(ds.c, g, out.c, place);
          for (std::size_t k = steps.size(); k-- > 0;) {
            add<S>(ds.h, g, out.y, l.e.y(steps[k], l.direction, n));
            state<sum<S>> before = none();
            Steps::template back<S>(l, l.e.x(steps[k], n), all[k], {taken(l, ds.h), taken(l, ds.c)}, total, before);
            ds = std::move(before);
          }
          put(d, in.h, place, taken(l, ds.h));
          put(d, in.c, place, taken(l, ds.c));
        });
    total.store();
    spoil(d, lost);
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
      for (index_t i = 0; i < d[k].size(); ++i) visit(k, i);
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
      each_element(chosen, [&](std::size_t k, index_t i) {
        s.between({k, i}, -real::infinity(), real::infinity(), chosen[k][i]);
      });
  }

  static void one_kink(const call<real>& c, cotangents<real> g, const std::vector<values<real>>& left,
                       const std::array<real, 3>& slopes, subdifferential& s) {
    sides at{.s = s, .right = {true}};
    const auto right = gradients(c, g, &at);
    each_element(left, [&](std::size_t k, index_t i) {
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
      each_element(d, [&](std::size_t k, index_t i) {
        if (d[k][i] < low[k][i]) low[k][i] = d[k][i];
        if (high[k][i] < d[k][i]) high[k][i] = d[k][i];
      });
    }
    each_element(chosen, [&](std::size_t k, index_t i) {
      if (low[k][i] < high[k][i]) s.between({k, i}, low[k][i], high[k][i], chosen[k][i]);
    });
  }
};

inline void require(bool fits, const char* what, const shape& dims) {
  if (!fits) throw invalid_input(std::string(what) + " " + to_string(dims) + " does not fit");
}

// The operands' shapes against the extents; `over` are the leading axes of a state, `directions` those of weights.
inline void require_shapes(std::span<const shape> dims, const places& in, const extents& e, index_t gate_count,
                           const shape& over, const shape& directions) {
  const auto check = [&](std::size_t place, const char* name, shape expected, const shape& tail) {
    expected.insert(expected.end(), tail.begin(), tail.end());
    if (given(dims, place)) require(dims[place] == expected, name, dims[place]);
  };
  const index_t rows = gate_count * e.hidden;
  require(given(dims, in.w) && given(dims, in.r), "W or R", {});
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
inline index_t draw_hidden(sampler& s) { return std::min(s.limit(), s.random().chance(0.05) ? 1 : s.extent(2, 3)); }

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
    const index_t batch = s.extent(1, 2), in = s.extent(1, 3), hidden = draw_hidden(s),
                  rows = Steps::gate_count * hidden;
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
    const bool batch_first = s.attribute("layout", s.choose<index_t>({0, 1})) != 0;
    const index_t steps = std::min(s.choose<index_t>({3, 1, 2, 3}), s.limit()),
                  kind = s.choose<index_t>({0, 1, 0, 0, 0});
    const bool biased = s.choose({true, false}), ragged = s.choose({false, true}), started = s.choose({true, false});
    const index_t directions = direction == "bidirectional" ? 2 : 1;
    draw_activations(s, kind, directions);
    if (s.random().chance(0.15)) s.attribute("clip", s.random().chance(0.5) ? 0.75 : 2.0);
    const index_t batch = s.extent(1, 2), in = s.extent(1, 3);
    const index_t hidden = s.attribute("hidden_size", draw_hidden(s)), rows = Steps::gate_count * hidden;
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
  static void draw_activations(sampler& s, index_t kind, index_t directions) {
    std::string names;
    std::vector<double> alphas, betas;
    for (index_t d = 0; d < directions; ++d) {
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

  static std::vector<activation> activations(const attributes& a, index_t directions) {
    std::vector<activation> list = activations_of(a);
    if (list.size() != static_cast<std::size_t>(directions) * Steps::function_count)
      throw invalid_input(std::to_string(list.size()) + " activations are not as many as the cells have");
    return list;
  }

  static extents of(const attributes& a, std::span<const shape> dims) {
    const places& in = Op::inputs;
    const std::string& direction = a.text("direction");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      throw invalid_input("direction is '" + direction + "', not forward, reverse or bidirectional");
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
