// The answer does not depend on the number of threads.
//
//   claim   V with several threads: the same, within the bound of any order of summation
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct thread_count {
  static constexpr check_info info{
      .name = "thread_count",
      .claim = "V with several threads: the same, within the bound of any order of summation",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2",
      .judges = check_target::subject,
      .catches = "a race, a partial sum that is forgotten or counted twice",
      .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::threads};

  static finding run(trial& t) { return same_under(t, tries, failure_kind::nondeterminism); }
};

}  // namespace backproof::checks
