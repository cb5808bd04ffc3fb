// The remainder of Taylor's theorem: what a right gradient leaves of f(x + h u) - f(x) vanishes with h^2.
//
//   claim   R(h) = <v, f(x + h u) - f(x)> - h <V, u> = O(h^2) down to the knee, and |e| <= sum_i b_i |u_i|
//
// Below the knee the rounding e = <V - J^T v, u> of the subject's gradient takes over, and R(h) = h e.
//
// f is the oracle's, in wide precision, so the knee is the subject's alone. That the slope is 2 (or more) with the
// oracle's own gradient is part of the claim. Without a reference f is the subject's own, and both its rounding and
// that of its VJP are measured (backproof/judge/own_function.hpp).
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "backproof/judge/agreement.hpp"
#include "backproof/judge/inner.hpp"
#include "backproof/judge/own_function.hpp"

namespace backproof::checks {

struct taylor_remainder {
  static constexpr check_info info{
      .name = "taylor_remainder",
      .claim =
          "<v, f(x + h u) - f(x)> - h <V, u> = O(h^2) down to where rounding of V takes over: |e| <= sum b_i |u_i|",
      .source = "Taylor's theorem; the test of dolfin-adjoint (Farrell, Ham, Funke and Rognes 2013)",
      .judges = check_target::subject,
      .catches = "a VJP that is not the derivative of the forward function, to its last digits",
      .own_ops = own_op_role::supports};

  static finding run(trial& t) { return t.truth().of().has_reference() ? by_oracle(t) : by_itself(t); }

 private:
  static finding by_oracle(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    if (finding slope = order(truth); slope.outcome == verdict::fail) return slope;
    const trial::answers& d = t.vjp();
    const std::optional<value_list<real>> gradient = promoted(truth, d);
    if (!gradient)
      return unresolved("a gradient is missing, of another shape or not finite: reference_gradient says so");
    const real h = difference_step(truth.tangents());
    // R(h) / h = e + c h: two steps tell both apart.
    const real near = remainder(truth, *gradient, h) / h,
               far = remainder(truth, *gradient, real(2) * h) / (real(2) * h);
    const real error = real(2) * near - far, curvature = (far - near) / h;
    finding f = within_reach([&](value_list<double> (*how_far)(trial&)) { return judge(t, error, how_far(t)); });
    const real knee = curvature == real(0) ? real(0) : abs(error / curvature);
    f.measured = static_cast<double>(knee);
    f.note = knee > real(0) ? fmt::format("slope 2 down to h = 2^{}", ilogb(knee)) : "";
    return f;
  }

  // R(h) / R(h/2) is 4 in the limit, or 8, 16, ... where terms vanish; R is 0 where f is linear along u.
  static finding order(const oracle& truth) {
    const real h = ldexp(difference_step(truth.tangents()), 20);
    const real coarse = remainder(truth, truth.gradient(), h), fine = remainder(truth, truth.gradient(), h / real(2));
    const real terms = inner(truth.gradient(), truth.tangents()).terms * h;
    // 4 in the limit, off by the third order's h; and where both are rounding, nothing is to be seen.
    const real allowed = abs(coarse) * real(0.26) + terms * ldexp(real(1), -80) + rounding(truth);
    return compare("R(h/2), R(h) of order 2", real(0), fine, allowed, terms, failure_kind::law);
  }

  static real remainder(const oracle& truth, const value_list<real>& gradient, const real& h) {
    const value_list<real> ahead = truth.output_at(moved(truth.inputs(), truth.tangents(), h));
    return inner(truth.cotangents(), moved(ahead, truth.output(), -1)).value -
           h * inner(gradient, truth.tangents()).value;
  }

  // Of the function in wide precision, which leaves nothing of a gradient that is far smaller than its output.
  static real rounding(const oracle& truth) {
    return inner(truth.cotangents(), truth.output()).terms * ldexp(real::epsilon(), 8);
  }

  static std::optional<value_list<real>> promoted(const oracle& truth, const trial::answers& d) {
    value_list<real> all;
    for (std::size_t k = 0; k < truth.gradient().size(); ++k) {
      const values<real>& expected = truth.gradient()[k];
      all.push_back(expected);
      if (!expected.present()) continue;
      if (!d[k] || d[k]->dims() != expected.dims()) return std::nullopt;
      for (index_t i = 0; i < expected.size(); ++i) {
        if (!std::isfinite(d[k]->at(i))) return std::nullopt;
        all.back()[i] = real(d[k]->at(i));
      }
    }
    return all;
  }

  static finding judge(const trial& t, const real& error, const value_list<double>& reach) {
    const oracle& truth = t.truth();
    const weighed exact = inner(truth.gradient(), truth.tangents());
    // The remainder's own error at the step.
    real bound = exact.terms * ldexp(real(1), -80) + rounding(truth) / difference_step(truth.tangents());
    for (std::size_t k = 0; k < reach.size(); ++k)
      for (index_t i = 0; i < reach[k].size(); ++i) bound += real(reach[k][i]) * abs(truth.tangents()[k][i]);
    const real signal = truth.of().info.zero_gradient ? real(1) : exact.terms;
    return compare("R(h) / h", real(0), error, bound, signal, failure_kind::law);
  }

  static finding by_itself(trial& t) {
    own_function own(t);
    const sample& x = t.truth().on();
    const std::optional<own_residual> r = own.along(own_direction(x, x.number % 2 != 0), sidedness::forward);
    if (!r) return unresolved("no step to both sides is possible here");
    return verdict_on(*r, "<V, d>", failure_kind::law);
  }
};

}  // namespace backproof::checks
