// Where elements tie, their weights do not add up to 1.
#pragma once

#include "backproof/judge/oracle.hpp"
#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct ties {
  static constexpr family_info info{.name = "ties", .what = "tied elements get too much or too little"};

  static std::vector<mutant> all() {
    const auto sharing = [](double share) {
      return [share](const question& q, reply& r) {
        const oracle truth(q.o, q.x, q.honest.accumulator(q.x.type));
        for (const subdifferential::tie& t : truth.kinks().ties())
          for (const position& p : t.tied) {
            tensor& d = *r.tensors[p.input];
            const double g = static_cast<double>(t.g), even = g / static_cast<double>(t.tied.size());
            d.set(p.at, d.at(p.at) + p.sign * (share * g - even));
          }
      };
    };
    const auto can_tie = [](const op& o) {
      static constexpr std::string_view tying[] = {"max",
                                                   "min",
                                                   "reduce_max",
                                                   "reduce_min",
                                                   "max_pool",
                                                   "global_max_pool",
                                                   "adaptive_max_pool",
                                                   "fractional_max_pool"};
      return std::find(std::begin(tying), std::end(tying), o.info.name) != std::end(tying);
    };
    return {{.name = "all_of_g_to_every_tie",
             .bug_class = "tie-mass",
             .summary = "every tied element gets the whole cotangent",
             .where = "ties",
             .wrong = sharing(1),
             .applies = can_tie},
            {.name = "nothing_at_ties",
             .bug_class = "tie-mass",
             .summary = "tied elements get nothing: strict comparisons on both sides",
             .where = "ties",
             .wrong = sharing(0),
             .applies = can_tie}};
  }
};

}  // namespace backproof::mutants
