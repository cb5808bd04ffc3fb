// Gradients are added to what is there, where the framework says so.
//
//   claim   V added twice into zeros is 2 V, within the bounds
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct accumulate {
  static constexpr check_info info{
      .name = "accumulate",
      .claim = "V added twice into zeros is 2 V, within the bounds",
      .source = "gradients add at branches; minibatch accumulation",
      .judges = check_target::subject,
      .catches = "gradients overwritten instead of added, added to what an earlier call left",
      .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::accumulated};

  static finding run(trial& t) { return same_under(t, tries, failure_kind::wrong_gradient); }
};

}  // namespace backproof::checks
