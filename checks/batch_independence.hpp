// Examples of a batch know nothing of each other, and the gradient of what they share is the sum over them.
//
//   claim   dX of example n = dX of that example alone, dW of the batch = sum of dW of its parts, within the bounds
//
// The batch is taken apart into its first example and the rest, and the subject is asked for both. Two right
// evaluations differ by at most the sum of their distances from the truth (backproof/agreement.hpp).
#pragma once

#include <fmt/format.h>

#include <numeric>

#include "backproof/agreement.hpp"
#include "backproof/batch.hpp"

namespace backproof::checks {

struct batch_independence {
  static constexpr check_info info{.name = "batch_independence",
                                   .claim = "dX of a batch = dX of its parts; dW of a batch = sum of dW of its parts",
                                   .source = "a loss that is a sum over examples has a gradient that is one",
                                   .judges = "subject",
                                   .catches = "examples that leak into each other, code paths that depend on the size",
                                   .without_reference = true};

  static bool applies(const op& o) { return has_batch(o); }

  static finding run(trial& t) {
    const op& o = t.truth().of();
    const index n = examples_of(o, t.truth().on());
    if (n < 2) return unresolved("the batch has no two examples");
    std::vector<index> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), index{0});
    const part whole(t, all), first(t, {all.begin(), all.begin() + 1}), rest(t, {all.begin() + 1, all.end()});
    const finding f = compared(t, whole, first, rest, false);
    if (f.outcome != verdict::fail || !o.has_reference()) return f;
    const finding lossy = compared(t, whole, first, rest, true);
    return lossy.outcome == verdict::fail ? f : lossy;
  }

 private:
  struct part {
    part(trial& t, const std::vector<index>& which)
        : x(of_examples(t.truth().of(), t.truth().on(), which)), truth(t.truth().of(), x, t.numbers().accumulator) {
      trial mine = t.about(truth);
      gradient = mine.vjp();
      near = reach(mine);
      far = lossy_reach(mine);
    }
    sample x;
    oracle truth;
    trial::answers gradient;
    value_list<double> near, far;
  };

  static finding compared(const trial& t, const part& whole, const part& first, const part& rest, bool lossy) {
    const auto of = [lossy](const part& p, std::size_t k, index i) { return (lossy ? p.far : p.near)[k][i]; };
    const double unit = format_of(t.numbers().storage).unit();
    agreement a("law");
    for (std::size_t k = 0; k < whole.near.size(); ++k) {
      if (!whole.near[k].present() || !whole.gradient[k] || !first.gradient[k] || !rest.gradient[k]) continue;
      if (first.gradient[k]->dims() != first.near[k].dims() || rest.gradient[k]->dims() != rest.near[k].dims() ||
          whole.gradient[k]->dims() != whole.near[k].dims())
        continue;  // reference_gradient's to judge
      const bool examples = in_batch(t.truth().of(), k);
      const index border = examples ? first.gradient[k]->count() : 0;
      for (index i = 0; i < whole.gradient[k]->count(); ++i) {
        const std::string where = fmt::format("{} element {}", t.gradient_names()[k], i);
        const double value = whole.gradient[k]->at(i), bound = of(whole, k, i);
        if (!examples)
          a.add({where, value, first.gradient[k]->at(i) + rest.gradient[k]->at(i),
                 bound + of(first, k, i) + of(rest, k, i) + 2 * unit * std::fabs(value)});
        else if (i < border)
          a.add({where, value, first.gradient[k]->at(i), bound + of(first, k, i)});
        else
          a.add({where, value, rest.gradient[k]->at(i - border), bound + of(rest, k, i - border)});
      }
    }
    finding f = a.found();
    if (lossy && f.outcome == verdict::pass) f.outcome = verdict::inaccurate, f.variant = "a known lossy formula";
    return f;
  }
};

}  // namespace backproof::checks
