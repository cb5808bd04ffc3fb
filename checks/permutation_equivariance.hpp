// The examples of a batch in another order: the same gradients, in that order.
//
//   claim   V of the reversed batch = the reversed V, and the gradient of what examples share is the same
//
// Two right evaluations differ by at most the sum of their distances from the truth (backproof/judge/agreement.hpp);
// the bounds are for sums in any order.
#pragma once

#include <fmt/format.h>

#include "backproof/judge/agreement.hpp"
#include "backproof/op/batch.hpp"

namespace backproof::checks {

struct permutation_equivariance {
  static constexpr check_info info{.name = "permutation_equivariance",
                                   .claim = "V of the reversed batch = the reversed V, within the bounds",
                                   .source = "the examples of a batch have no order",
                                   .judges = check_target::subject,
                                   .catches = "an example treated by its place: the last block of a vectorised loop",
                                   .own_ops = own_op_role::supports};

  static bool applies(const op& o) { return has_batch(o); }

  static finding run(trial& t) {
    const op& o = t.truth().of();
    const index_t n = examples_of(o, t.truth().on());
    if (n < 2) return unresolved("the batch has no two examples");
    std::vector<index_t> backwards;
    for (index_t i = n; i-- > 0;) backwards.push_back(i);
    const sample reversed = of_examples(o, t.truth().on(), backwards);
    trial::answers d = t.run(mode::vjp, reversed);
    for (std::size_t k = 0; k < d.size(); ++k)
      if (d[k] && in_batch(o, k) && !d[k]->dims().empty() && d[k]->dims()[0] == n) d[k] = of_examples(*d[k], backwards);
    return same_answer(t, d, failure_kind::law);
  }
};

}  // namespace backproof::checks
