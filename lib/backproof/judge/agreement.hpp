// Agreement of a subject's answers with each other: to the same question put in another way, or to parts of it.
//
// Two right evaluations differ by no more than the sum of their distances from the truth. With a reference, the largest
// distance of each element is its computed bound; without one, it is measured (own_function.hpp).
#pragma once

#include <string>

#include "backproof/judge/check.hpp"

namespace backproof {

// How far from the truth each element of the gradients may be; absent for inputs without one.
value_list<double> reach(trial& t);
// The same for the lossiest of the op's known formulas; without a reference, for one that loses as many digits as right
// formulas do at worst.
value_list<double> lossy_reach(trial& t);

// What `judge` finds if two answers may be as far apart as `reach` says; where that fails and lossy_reach() would do,
// it is inaccurate. judge(how_far) gets either function.
template <class Judge>
finding within_reach(Judge judge) {
  finding f = judge(reach);
  if (f.outcome != verdict::fail || judge(lossy_reach).outcome == verdict::fail) return f;
  f.outcome = verdict::inaccurate;
  f.kind = failure_kind::none;
  f.variant = lossy_formula;
  return f;
}

// One element of what should agree.
struct agreeing {
  std::string where;
  double one = 0, other = 0, allowed = 0;
};
// Collects elements, and keeps the worst. A difference is as severe as it is large beside the largest element.
class agreement {
 public:
  explicit agreement(failure_kind kind) : kind_(kind) {}
  void add(const agreeing& e);
  void fail(const std::string& reason);  // of something that has no size
  bool holds() const { return f_.outcome != verdict::fail; }
  finding found() const;  // unresolved if there was nothing to compare

 private:
  void note_failure(const std::string& reason);

  failure_kind kind_;
  double largest_ = 0, largest_error_ = 0;
  bool measured_ = true;  // false: something failed that has no size
  finding f_;
};

// Whether the gradients are those that t's subject gives when it is asked plainly.
finding same_answer(trial& t, const trial::answers& actual, failure_kind kind);

// The sample made such that the call condition can arise; none if it cannot.
std::optional<sample> prepared(sample x, call_condition c);

// The VJP asked for in each call condition of the list that the subject supports, and that the sample can be put into.
finding same_under(trial& t, std::span<const call_condition> all, failure_kind kind);

}  // namespace backproof
