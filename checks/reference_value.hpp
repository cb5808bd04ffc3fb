// Forward values, element by element, against the oracle on the same quantised inputs.
//
// Claim: |y_i - Y_i| <= b_i, with Y the reference at wide precision and b_i the running error bound of any
// backward-stable evaluation (backproof/number/bounded.hpp).
#pragma once

#include "backproof/judge/check.hpp"

namespace backproof::checks {

struct reference_value {
  static constexpr check_info info{
      .name = "reference_value",
      .claim = "|y_i - Y_i| <= b_i for every element of every output",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and 3.3",
      .judges = check_target::subject,
      .catches = "wrong formula, wrong window or axis, wrong attribute, wrong broadcasting, lost digits",
      .anywhere = true,
      .compares = mode::forward};

  static finding run(trial& t) {
    return told_by_its_grossest(judge_results(t, mode::forward, failure_kind::wrong_value), t.numbers());
  }
};

}  // namespace backproof::checks
