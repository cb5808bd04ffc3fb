// The defining property of a VJP: it is the adjoint of the JVP.
//
//   claim   |<v, J u> - <J^T v, u>| <= sum_i b_i |u_i|
//
// J^T v is the subject's; J u comes from dual numbers through the reference's forward function, so the hand-written VJP
// takes no part and cannot lend its own mistakes. b_i is the running error bound of (J^T v)_i. Without a reference J u
// is the subject's own JVP, if it offers one, and the errors of both are measured (backproof/judge/own_function.hpp).
#pragma once

#include <cmath>

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"
#include "backproof/judge/own_function.hpp"

namespace backproof::checks {

struct adjoint_identity {
  static constexpr check_info info{
      .name = "adjoint_identity",
      .claim = "|<v, J u> - <J^T v, u>| <= sum_i b_i |u_i|",
      .source = "definition of the adjoint; Griewank and Walther, Evaluating Derivatives, 2nd ed., section 3.3",
      .judges = check_target::subject,
      .catches = "a VJP that is not the derivative of the forward function, even if the reference's VJP is wrong too",
      .own_ops = own_op_role::supports};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (!truth.of().has_reference()) return by_itself(t);
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const trial::answers& d = t.vjp();
    // Shapes are reference_gradient's to judge; without the right ones there is no inner product.
    const finding shapes = compare(truth.bounded_gradient(), d, t.gradient_names(), t.numbers(), failure_kind::law);
    if (shapes.kind == failure_kind::wrong_shape || shapes.kind == failure_kind::wrong_dtype ||
        shapes.kind == failure_kind::missing_gradient)
      return shapes;

    // Where the true gradient overflows the dtype, infinities are right, and have no inner product.
    if (!finite(d) && shapes.outcome == verdict::fail) return shapes;
    if (!finite(d))
      return unresolved("an element of the gradient overflows, rightly; infinities have no inner product");

    const real forward = backproof::inner(truth.cotangents(), truth.jvp()).value;
    const real backward = inner(d, truth.tangents());
    const bound_and_signal stable = weigh(truth.bounded_gradient(), t);
    const real signal = truth.of().info.zero_gradient ? real(1) : stable.signal;  // that it is zero is the signal
    finding f = compare("<J^T v, u>", forward, backward, stable.bound, signal, failure_kind::law);
    if (f.outcome != verdict::fail) return f;
    // Lossy formulas may be met together, each in some elements, so their bounds add up.
    real allowed = stable.bound;
    std::string names;
    for (const explanation& e : explanations(truth, mode::vjp)) {
      const real alone = weigh(e.expected, t).bound;
      const bool enough = abs(forward - backward) <= alone;
      names = enough || names.empty() ? e.name : names + ", " + e.name;
      allowed += alone;
      if (!enough && !(abs(forward - backward) <= allowed)) continue;
      f.outcome = verdict::inaccurate;
      f.kind = failure_kind::none;
      f.variant = names;
      f.reason += "; consistent with " + names;
      break;
    }
    return f;
  }

 private:
  static finding by_itself(trial& t) {
    if (!t.offers(t.numbers().storage).jvp) return skipped("it offers no JVP, and there is no reference for one");
    const sample& x = t.truth().on();
    const double unit = format_of(x.type).unit();
    const value_list<double> spread = own_spread(t);
    const trial::answers &d = t.vjp(), &forward = t.jvp();
    real left, right, bound, terms;
    for (std::size_t k = 0; k < x.cotangents.size(); ++k)
      for (index_t i = 0; k < forward.size() && forward[k] && i < forward[k]->count(); ++i) {
        const real term = real(x.cotangents[k].at(i)) * real(forward[k]->at(i));
        left += term, terms += abs(term);
      }
    for (std::size_t k = 0; k < spread.size(); ++k)
      for (index_t i = 0; x.tangents[k] && i < spread[k].size(); ++i) {
        const real u = real(x.tangents[k]->at(i)), term = real(d[k]->at(i)) * u;
        right += term, terms += abs(term), bound += real(spread[k][i]) * abs(u);
      }
    // The JVP's own rounding is of the same size as that of the VJP.
    return compare("<J^T v, u>", left, right, real(2) * bound + real(8 * unit) * terms, terms / real(2),
                   failure_kind::law);
  }

  struct bound_and_signal {
    real bound, signal;
  };

  static bound_and_signal weigh(const value_list<bounded<real>>& d, const trial& t) {
    bound_and_signal w;
    for (std::size_t k = 0; k < d.size(); ++k)
      for (index_t i = 0; i < d[k].size(); ++i) {
        const real u = abs(t.truth().tangents()[k][i]);
        w.bound += real(bound_of(d[k][i], t.numbers())) * u;
        w.signal += abs(d[k][i].value()) * u;
      }
    // The sums themselves are done in wide precision; they add a few of its units.
    w.bound += w.signal * ldexp(real::epsilon(), 20);
    return w;
  }

  static bool finite(const trial::answers& d) {
    for (const std::optional<tensor>& t : d)
      for (index_t i = 0; t && i < t->count(); ++i)
        if (!std::isfinite(t->at(i))) return false;
    return true;
  }

  static real inner(const trial::answers& d, const value_list<real>& u) {
    real total;
    for (std::size_t k = 0; k < u.size(); ++k)
      for (index_t i = 0; d[k] && i < u[k].size(); ++i) total += real(d[k]->at(i)) * u[k][i];
    return total;
  }
};

}  // namespace backproof::checks
