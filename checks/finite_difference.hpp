// The oracle's own VJP against central differences of its forward function, in wide precision.
//
// Along the sample's tangent u, with step h and D(h) = <v, (f(x + h u) - f(x - h u)) / 2h>:
//
//   claim   |D(h) - <J^T v, u>| <= |D(2h) - D(h)| + sum_j |v_j| e_j / h + 64 eps <|J^T v|, |u|>
//
// The first term covers the truncation error c h^2: D(2h) - D(h) = 3 c h^2 + O(h^4), three times what is needed. The
// second covers rounding: e_j bounds the error of f_j(x) in wide precision, by running error analysis. At the two ends
// f_j may be larger than at x, but by no more than h <|J^T v|, |u|> to first order, which is divided by h again: some
// tens of operations on numbers of that size are the third term. It counts where f(x) is next to nothing. With h =
// 2^-55 / max|u| at 50 digits both are near 1e-32, and no kink lies within h of a sample's points: distinct f64 numbers
// drawn at random are much farther apart.
//
// A finite difference in the subject's own precision could prove next to nothing (its floor is u^(2/3)). In wide
// precision it proves the reference, and so leaves the subject alone with any disagreement.
#pragma once

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"

namespace backproof::checks {

struct finite_difference {
  static constexpr check_info info{
      .name = "finite_difference",
      .claim = "|<v, (f(x+hu) - f(x-hu)) / 2h> - <J^T v, u>| <= truncation + rounding, in wide precision",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.14; Taylor's theorem",
      .judges = check_target::oracle,
      .catches = "any error in the reference's own derivative"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const real h = difference_step(truth.tangents());
    const real fine = difference(truth, h), coarse = difference(truth, real(2) * h);
    const weighed exact = inner(truth.gradient(), truth.tangents());
    // A proof is worth having to 25 digits of the signal; a larger bound proves nothing that others do not.
    // Where the gradient is zero by nature, that it is zero is the signal.
    const real worth_having = (truth.of().info.zero_gradient ? real(1) : exact.terms) * ldexp(real(1), -84);
    const real bound = abs(coarse - fine) + rounding(truth) / h + real(64) * real::epsilon() * exact.terms;
    return compare("<J^T v, u>", fine, exact.value, bound, worth_having, failure_kind::law);
  }

 private:
  static real difference(const oracle& truth, const real& h) {
    const value_list<real> ahead = truth.output_at(moved(truth.inputs(), truth.tangents(), h));
    const value_list<real> behind = truth.output_at(moved(truth.inputs(), truth.tangents(), -h));
    return inner(truth.cotangents(), moved(ahead, behind, -1)).value / (real(2) * h);
  }

  static real rounding(const oracle& truth) {
    const double unit = static_cast<double>(real::epsilon());
    const value_list<bounded<real>> y = truth.output_under({.unit = unit, .tiny = 0}, truth.of().bounded_kernels);
    real total;
    for (std::size_t k = 0; k < y.size(); ++k)
      for (index_t j = 0; j < y[k].size(); ++j) {
        // Even an exact output is rounded when it is differenced and summed.
        const real e = real(y[k][j].error()) + real(4 * unit) * abs(y[k][j].value());
        total += abs(truth.cotangents()[k][j]) * e;
      }
    return total;
  }
};

}  // namespace backproof::checks
