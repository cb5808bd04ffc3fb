// Examples of a batch know nothing of each other, and the gradient of what they share is the sum over them.
//
//   claim   dX of example n = dX of that example alone, dW of the batch = sum of dW of its parts, within the bounds
//
// The batch is taken apart into its first example and the rest, and the subject is asked for both. Two right
// evaluations differ by at most the sum of their distances from the truth (backproof/judge/agreement.hpp).
#pragma once

#include <fmt/format.h>

#include <numeric>

#include "backproof/judge/agreement.hpp"
#include "backproof/op/batch.hpp"

namespace backproof::checks {

struct batch_independence {
  static constexpr check_info info{.name = "batch_independence",
                                   .claim = "dX of a batch = dX of its parts; dW of a batch = sum of dW of its parts",
                                   .source = "a loss that is a sum over examples has a gradient that is one",
                                   .judges = check_target::subject,
                                   .catches = "examples that leak into each other, code paths that depend on the size",
                                   .own_ops = own_op_role::supports};

  static bool applies(const op& o) { return has_batch(o); }

  static finding run(trial& t) {
    const op& o = t.truth().of();
    const index_t n = examples_of(o, t.truth().on());
    if (n < 2) return unresolved("the batch has no two examples");
    std::vector<index_t> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), index_t{0});
    const auto part = [&](auto from, auto to) { return of_examples(o, t.truth().on(), {from, to}); };
    trial whole = t.about(part(all.begin(), all.end())), first = t.about(part(all.begin(), all.begin() + 1)),
          rest = t.about(part(all.begin() + 1, all.end()));
    return within_reach(
        [&](value_list<double> (*how_far)(trial&)) { return compared(t, whole, first, rest, how_far); });
  }

 private:
  static finding compared(const trial& t, trial& whole, trial& first, trial& rest,
                          value_list<double> (*how_far)(trial&)) {
    const value_list<double> of_whole = how_far(whole), of_first = how_far(first), of_rest = how_far(rest);
    const trial::answers &all = whole.vjp(), &one = first.vjp(), &others = rest.vjp();
    const double unit = format_of(t.numbers().storage).unit();
    agreement a(failure_kind::law);
    for (std::size_t k = 0; k < of_whole.size(); ++k) {
      if (!of_whole[k].present() || !all[k] || !one[k] || !others[k]) continue;
      if (all[k]->dims() != of_whole[k].dims() || one[k]->dims() != of_first[k].dims() ||
          others[k]->dims() != of_rest[k].dims())
        continue;  // reference_gradient's to judge
      const bool examples = in_batch(t.truth().of(), k);
      const index_t border = examples ? one[k]->count() : 0;
      for (index_t i = 0; i < all[k]->count(); ++i) {
        const std::string where = fmt::format("{} element {}", t.gradient_names()[k], i);
        const double value = all[k]->at(i), bound = of_whole[k][i];
        if (!examples)
          a.add({where, value, one[k]->at(i) + others[k]->at(i),
                 bound + of_first[k][i] + of_rest[k][i] + 2 * unit * std::fabs(value)});
        else if (i < border)
          a.add({where, value, one[k]->at(i), bound + of_first[k][i]});
        else
          a.add({where, value, others[k]->at(i - border), bound + of_rest[k][i - border]});
      }
    }
    return a.found();
  }
};

}  // namespace backproof::checks
