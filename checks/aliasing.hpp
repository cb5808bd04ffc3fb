// Inputs may be the same memory, and the same variable.
//
//   claim   V is the same with equal inputs in the same memory; a shared input gets the sum over its paths
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct aliasing {
  static constexpr check_info info{
      .name = "aliasing",
      .claim = "V is the same with equal inputs in the same memory; a shared input gets the sum over its paths",
      .source = "chain rule over all paths (Baur and Strassen 1983)",
      .judges = check_target::subject,
      .catches = "an output written before an aliased input was read, a gradient overwritten where it should be added",
      .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::aliased, call_condition::shared};

  static bool applies(const op& o) { return o.sig.may_have_twins(); }

  static finding run(trial& t) { return same_under(t, tries, failure_kind::wrong_gradient); }
};

}  // namespace backproof::checks
