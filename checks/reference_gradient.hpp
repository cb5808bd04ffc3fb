// The gradient of every input, element by element, against the oracle's hand-written VJP on the same quantised inputs
// and cotangents. One VJP is looked at in full: nothing is contracted to a scalar, so no element can hide.
//
// Claim: |d_i - D_i| <= b_i, with D = J^T v at wide precision and b_i the running error bound of any backward-stable
// evaluation (backproof/number/bounded.hpp).
#pragma once

#include "backproof/judge/check.hpp"

namespace backproof::checks {

struct reference_gradient {
  static constexpr check_info info{
      .name = "reference_gradient",
      .claim = "|dx_i - (J^T v)_i| <= b_i for every element of every input's gradient",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and 3.3",
      .judges = check_target::subject,
      .catches = "dropped cotangent, scale, sign, missing term, wrong axis or window, missing gradient, lost digits",
      .anywhere = true,
      .compares = mode::vjp};

  static finding run(trial& t) {
    // At kinks and special values a zero gradient is an answer like any other.
    const bool smooth = t.truth().on().made_for == profile::smooth;
    t.vjp();  // who gives no gradient here has none to get wrong
    if (smooth && !t.truth().of().info.zero_gradient && nothing_to_get_wrong(t.truth().gradient())) {
      finding f;
      f.outcome = verdict::vacuous;
      f.reason = "the true gradient is zero everywhere";
      return f;
    }
    return told_by_its_grossest(judge_results(t, mode::vjp, failure_kind::wrong_gradient), t.numbers());
  }

 private:
  static bool nothing_to_get_wrong(const value_list<real>& gradient) {
    for (const values<real>& d : gradient)
      for (index_t i = 0; i < d.size(); ++i)
        if (!(d[i] == real(0))) return false;
    return true;
  }
};

}  // namespace backproof::checks
