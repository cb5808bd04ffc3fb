// A forward pass and a VJP leave their operands, and the floating-point modes, as they found them.
//
//   claim   inputs and cotangents have the same bytes after the call, and rounding and flush-to-zero are as before
//
// The adapter's host looks at the bytes before and after; asked only of subjects whose adapter does.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "backproof/judge/check.hpp"

namespace backproof::checks {

struct input_mutation {
  static constexpr check_info info{.name = "input_mutation",
                                   .claim = "inputs, cotangents and floating-point modes are the same after the call",
                                   .source = "a VJP is a function of its operands",
                                   .judges = check_target::subject,
                                   .catches = "operands written in place, rounding or flush-to-zero left switched on",
                                   .anywhere = true,
                                   .own_ops = own_op_role::supports};
  static constexpr call_condition tries[] = {call_condition::watched};

  static finding run(trial& t) {
    t.forward();
    t.vjp();
    const std::optional<std::vector<std::string>> changed = t.changed();
    if (!changed) return unresolved("the adapter does not say what was changed");
    finding f;
    f.elements = f.resolved = 1;
    if (changed->empty()) return f;
    f.outcome = verdict::fail;
    f.kind = failure_kind::mutation_of_inputs;
    f.reason = fmt::format("changed by the call: {}", fmt::join(*changed, ", "));
    return f;
  }
};

}  // namespace backproof::checks
