// A VJP leaves what its forward pass has saved as it was.
//
//   claim   V asked for twice after one forward pass: the same, within the bounds
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct saved_tensors {
  static constexpr check_info info{.name = "saved_tensors",
                                   .claim = "V asked for twice after one forward pass: the same, within the bounds",
                                   .source = "PyTorch, retain_graph",
                                   .judges = check_target::subject,
                                   .catches = "saved tensors overwritten, freed or reused by the backward pass",
                                   .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::retained};

  static finding run(trial& t) { return same_under(t, tries, failure_kind::wrong_gradient); }
};

}  // namespace backproof::checks
