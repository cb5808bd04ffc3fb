// Who asks for the gradients of some inputs alone gets those, and they are what they are with the others.
//
//   claim   V of every second input alone: the same, within the bounds, and no other gradient
//
// Two right evaluations differ by at most the sum of their bounds (backproof/judge/agreement.hpp). It is asked only of
// subjects that support the call condition (backproof/op/sample.hpp).
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct partial_gradients {
  static constexpr check_info info{
      .name = "partial_gradients",
      .claim = "V of every second input alone: the same, within the bounds, and no other gradient",
      .source = "needs_input_grad of torch.autograd.Function; requires_grad",
      .judges = check_target::subject,
      .catches = "a gradient that is wrong, missing or in another's place where an input needs none",
      .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::partial};

  static bool applies(const op& o) {
    const auto& in = o.sig.inputs;
    return std::count_if(in.begin(), in.end(), [](const operand& p) { return p.differentiable; }) > 1 ||
           std::any_of(in.begin(), in.end(), [](const operand& p) { return p.variadic && p.differentiable; });
  }

  static finding run(trial& t) { return same_under(t, tries, failure_kind::wrong_gradient); }
};

}  // namespace backproof::checks
