// The answer does not depend on how operands lie in memory.
//
//   claim   V is the same with operands strided, expanded, unaligned, within the bounds
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct layout {
  static constexpr check_info info{
      .name = "layout",
      .claim = "V is the same with operands strided, expanded, unaligned, within the bounds",
      .source = "strides of DLPack and NumPy; torch.autograd gives sum() an expanded cotangent",
      .judges = check_target::subject,
      .catches = "a kernel that assumes contiguous or aligned operands",
      .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::strided, call_condition::expanded,
                                             call_condition::unaligned};

  static finding run(trial& t) { return same_under(t, tries, failure_kind::wrong_gradient); }
};

}  // namespace backproof::checks
