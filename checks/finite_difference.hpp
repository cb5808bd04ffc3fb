// The oracle's own VJP against central differences of its forward function, in wide precision.
//
// Along the sample's tangent u, with step h and D(h) = <v, (f(x + h u) - f(x - h u)) / 2h>:
//
//   claim   |D(h) - <J^T v, u>| <= |D(2h) - D(h)| + sum_j |v_j| e_j / h
//
// The first term covers the truncation error c h^2: D(2h) - D(h) = 3 c h^2 + O(h^4), three times what is needed. The
// second covers rounding: e_j bounds the error of f_j in wide precision, by running error analysis, at both ends. With
// h = 2^-55 / max|u| at 50 digits both are near 1e-32, and no kink lies within h of a sample's points: distinct f64
// numbers drawn at random are much farther apart.
//
// A finite difference in the subject's own precision could prove next to nothing (its floor is u^(2/3)). In wide
// precision it proves the reference, and so leaves the subject alone with any disagreement.
#pragma once

#include "backproof/check.hpp"

namespace backproof::checks {

struct finite_difference {
  static constexpr check_info info{
      .name = "finite_difference",
      .claim = "|<v, (f(x+hu) - f(x-hu)) / 2h> - <J^T v, u>| <= truncation + rounding, in wide precision",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.14; Taylor's theorem",
      .judges = "oracle",
      .catches = "any error in the reference's own derivative"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const real h = ldexp(real(1), step_exponent()) / largest_tangent(truth);
    const real fine = difference(truth, h), coarse = difference(truth, real(2) * h);
    real exact, signal;
    for (std::size_t k = 0; k < truth.gradient().size(); ++k)
      for (index i = 0; i < truth.gradient()[k].size(); ++i) {
        const real term = truth.gradient()[k][i] * truth.tangents()[k][i];
        exact += term;
        signal += abs(term);
      }
    // A bound that is no small part of the signal proves nothing worth having at this precision.
    const real worth_having = signal * ldexp(real(1), -40);
    return compare("<J^T v, u>", fine, exact, abs(coarse - fine) + rounding(truth) / h, worth_having, "law");
  }

 private:
  // A third of the digits: h^2 and epsilon / h are then of the same size.
  static int step_exponent() { return ilogb(real::epsilon()) / 3; }

  static real largest_tangent(const oracle& truth) {
    real largest = 0;
    for (const values<real>& u : truth.tangents())
      for (index i = 0; i < u.size(); ++i) largest = math::max(largest, abs(u[i]));
    return largest > real(0) ? largest : real(1);
  }

  static value_list<real> moved(const oracle& truth, const real& step) {
    value_list<real> x = truth.inputs();
    for (std::size_t k = 0; k < x.size(); ++k)
      for (index i = 0; i < truth.tangents()[k].size(); ++i) x[k][i] += step * truth.tangents()[k][i];
    return x;
  }

  static real difference(const oracle& truth, const real& h) {
    const value_list<real> ahead = truth.output_at(moved(truth, h)), behind = truth.output_at(moved(truth, -h));
    real total;
    for (std::size_t k = 0; k < ahead.size(); ++k)
      for (index j = 0; j < ahead[k].size(); ++j) total += truth.cotangents()[k][j] * (ahead[k][j] - behind[k][j]);
    return total / (real(2) * h);
  }

  static real rounding(const oracle& truth) {
    const double unit = static_cast<double>(real::epsilon());
    const value_list<bounded<real>> y = truth.output_under({.unit = unit, .tiny = 0}, truth.of().bounds);
    real total;
    for (std::size_t k = 0; k < y.size(); ++k)
      for (index j = 0; j < y[k].size(); ++j) {
        // Even an exact output is rounded when it is differenced and summed.
        const real e = real(y[k][j].error()) + real(4 * unit) * abs(y[k][j].value());
        total += abs(truth.cotangents()[k][j]) * e;
      }
    return total;
  }
};

}  // namespace backproof::checks
