// The VJP of a composition is the composition of the VJPs: two ops of the subject after each other.
//
//   claim   |d_i - (J_f^T J_g^T w)_i| <= b_i for z = g(f(x)), with g a function of one variable
//
// The subject computes y = f(x), z = g(y), then w through g at its own y, and the result through f. The oracle does the
// same in wide precision, without rounding anything between; its bound knows of the two roundings to the storage
// format. Which g: the functions of one variable without kinks that the subject offers take turns.
#pragma once

#include <cmath>

#include "backproof/judge/check.hpp"
#include "backproof/op/registry.hpp"

namespace backproof::checks {

struct chain_rule {
  static constexpr check_info info{
      .name = "chain_rule",
      .claim = "|d_i - (J_f^T J_g^T w)_i| <= b_i for z = g(f(x)), by the subject's own VJPs of f and g",
      .source = "the chain rule; Griewank and Walther, Evaluating Derivatives, 2nd ed., section 3.2",
      .judges = check_target::subject,
      .catches = "state of one op's forward pass that another's destroys, a VJP at other inputs than it was given"};

  static finding run(trial& t) {
    const std::optional<link> g = next(t);
    if (!g) return unresolved("the subject offers no function of one variable that has a derivative here");
    const trial::answers d = t.run(mode::vjp, behind(t, *g));
    finding f = compare(g->expected, d, t.gradient_names(), t.numbers(), failure_kind::wrong_gradient);
    if (f.outcome == verdict::fail) return excused(t, *g, std::move(f));
    return f;
  }

 private:
  // The second op, what the subject says comes back from it, and what should come out in the end.
  struct link {
    tensor cotangent;
    value_list<bounded<real>> expected;
  };

  static bool fit(const op& o, const trial& t) {
    if (!o.unary || o.kinks != nullptr || !o.has_reference() || o.info.zero_gradient) return false;
    const offer has = t.offers(o);
    return has.forward && has.vjp;
  }

  static std::optional<link> next(trial& t) {
    const std::vector<op>& all = all_ops();
    const trial::answers& y = t.forward();
    if (y.empty() || !y[0] || y[0]->dims() != t.truth().on().cotangents[0].dims()) return std::nullopt;
    constexpr int attempts = 6;
    int tried = 0;
    for (std::size_t k = 0, from = t.truth().on().number * 7 % all.size(); k < all.size() && tried < attempts; ++k) {
      const op& g = all[(from + k) % all.size()];
      if (!fit(g, t)) continue;
      ++tried;
      if (std::optional<link> found = through(t, g, *y[0])) return found;
    }
    return std::nullopt;
  }

  static std::optional<link> through(trial& t, const op& g, const tensor& y) {
    const sample& x = t.truth().on();
    sample at_y = draw_sample(g, x.type, x.seed, x.number);  // for its attributes
    at_y.inputs = {y}, at_y.tangents = {x.cotangents[0]}, at_y.cotangents = {x.cotangents[0]};
    const auto& expected =
        t.truth().once<std::optional<value_list<bounded<real>>>>(&g, [&] { return bounded_through(t, g, at_y); });
    if (!expected) return std::nullopt;
    t.run(mode::forward, g, at_y);  // as a forward pass would, between those of f and its VJP
    trial of_g = t.about(g, at_y);
    const value_list<bounded<real>>& right = of_g.truth().bounded_gradient();
    if (compare(right, of_g.vjp(), of_g.gradient_names(), t.numbers(), failure_kind::wrong_gradient).outcome !=
        verdict::pass)
      return std::nullopt;  // where g by itself loses digits, its own samples tell
    // No gradient is as good as a zero one.
    const tensor h = of_g.vjp()[0].value_or(tensor(x.type, y.dims()));
    for (index_t i = 0; i < h.count(); ++i)
      if (!std::isfinite(h.at(i))) return std::nullopt;
    return link{h, *expected};
  }

  // J_f^T J_g^T w at the true y, as far as the subject's y and its VJP of g may be from it. None outside of g's domain,
  // and where nothing is left of its derivative.
  static std::optional<value_list<bounded<real>>> bounded_through(const trial& t, const op& g, const sample& at_y) {
    const oracle& truth = t.truth();
    const bounded<real>::use in_force(truth.model());
    const value_list<bounded<real>> y{stored(truth.bounded_output()[0], t.numbers())};
    value_list<bounded<real>> w{values<bounded<real>>(y[0].dims())}, d{values<bounded<real>>(y[0].dims())};
    for (index_t i = 0; i < w[0].size(); ++i) w[0][i] = bounded<real>::input(truth.cotangents()[0][i]);
    g.bounded_kernels.vjp({at_y.attrs, y}, w, d);
    d[0] = stored(std::move(d[0]), t.numbers());
    for (index_t i = 0; i < d[0].size(); ++i)
      if (!isfinite(d[0][i].value()) || !(d[0][i].error() <= magnitude(d[0][i].value()) / 4)) return std::nullopt;
    return truth.bounded_gradient_of(cotangents(t, d[0]));
  }

  static values<bounded<real>> stored(values<bounded<real>> x, const precision& p) {
    for (index_t i = 0; i < x.size(); ++i)
      if (!x[i].exact()) x[i] = bounded<real>::within(x[i].value(), bound_of(x[i], p));
    return x;
  }

  static value_list<bounded<real>> cotangents(const trial& t, const values<bounded<real>>& first) {
    value_list<bounded<real>> all{first};
    for (std::size_t k = 1; k < t.truth().cotangents().size(); ++k) all.emplace_back(t.truth().cotangents()[k].dims());
    return all;
  }

  static sample behind(const trial& t, const link& g) {
    sample x = t.truth().on();
    for (std::size_t k = 0; k < x.cotangents.size(); ++k)
      x.cotangents[k] = k == 0 ? g.cotangent : tensor(x.type, x.cotangents[k].dims());
    return x;
  }

  // With the cotangent that it was given, f's VJP may be as good as it is by itself. Then what is off came from there,
  // or from the y that both were computed at.
  static finding excused(trial& t, const link& g, finding f) {
    trial second = t.about(behind(t, g));
    const finding by_itself = judge_results(second, mode::vjp, failure_kind::wrong_gradient);
    if (by_itself.outcome == verdict::fail) return told_by_its_grossest(std::move(f), t.numbers());
    f.outcome = verdict::inaccurate;
    f.kind = failure_kind::none;
    f.variant = by_itself.variant.empty() ? "the error of y carried on" : by_itself.variant;
    return f;
  }
};

}  // namespace backproof::checks
