// The same question gets the same answer.
//
//   claim   V(v) asked again is V(v) bit for bit; or else both answers lie within the bound of any order of summation
//
// The bounds hold for every order of a sum, so an implementation whose order depends on threads or on what ran before
// may differ from itself within them. That is reported, and is no failure; a difference that no order of summation
// explains comes from memory that was not initialised, from state that a call leaves behind, or from a race.
#pragma once

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct determinism {
  static constexpr check_info info{
      .name = "determinism",
      .claim = "the same question twice: the same bits, or both within the bound of any order of summation",
      .source = "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2",
      .judges = check_target::subject,
      .catches = "memory that was not initialised, state left by an earlier call, a race",
      .anywhere = true,
      .own_ops = own_op_role::supports};

  static finding run(trial& t) {
    const trial::answers first = t.vjp(), second = t.run(mode::vjp, t.truth().on());
    finding f;
    f.elements = f.resolved = 1;
    if (same(first, second)) return f;
    if (!t.truth().of().has_reference()) return same_answer(t, second, failure_kind::nondeterminism);
    f = compare(t.truth().bounded_gradient(), second, t.gradient_names(), t.numbers(), failure_kind::nondeterminism,
                {.kinks = &t.truth().kinks()});
    const finding once = compare(t.truth().bounded_gradient(), first, t.gradient_names(), t.numbers(),
                                 failure_kind::nondeterminism, {.kinks = &t.truth().kinks()});
    if (once.outcome == verdict::fail) f = once;
    if (f.outcome == verdict::fail)
      f.kind = failure_kind::nondeterminism, f.reason = "two answers to one question differ; " + f.reason;
    return f;
  }

 private:
  static bool same(const trial::answers& a, const trial::answers& b) { return a == b; }
};

}  // namespace backproof::checks
