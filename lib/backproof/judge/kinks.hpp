// Which answers are right at the kinks of a sample (subdifferential.hpp): how far each element may be from the
// reference's choice, and which conditions elements that share a kink must satisfy together.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backproof/judge/oracle.hpp"
#include "backproof/judge/tolerance.hpp"
#include "backproof/judge/verdict.hpp"
#include "backproof/op/subdifferential.hpp"

namespace backproof {

// How far below and above the reference's own choice an element may lie at a kink.
struct kink_slack {
  double below = 0, above = 0;
};

// The slack of each element of the results.
class kink_slacks {
 public:
  kink_slacks(const subdifferential* kinks, const value_list<bounded<real>>& expected);  // null: none anywhere
  kink_slack at(std::size_t input, index_t i) const {
    return slacks_.empty() ? kink_slack{} : slacks_[input][static_cast<std::size_t>(i)];
  }

 private:
  void widen(const position& p, const real& one_end, const real& other_end);
  std::vector<std::vector<kink_slack>> slacks_;
};

// Of elements that are each within their slack: whether tied ones share their cotangent in full, and norms at 0 are not
// exceeded. Fails the finding if not; else notes in it which convention was met.
void judge_kinks(finding& f, const subdifferential& kinks, const value_list<bounded<real>>& expected,
                 std::span<const std::optional<tensor>> actual, std::span<const std::string> names, const precision& p);

}  // namespace backproof
