// The cotangent is left out, in whole or in part. Nobody notices who asks with ones.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct cotangent {
  static constexpr family_info info{.name = "cotangent", .what = "the cotangent is left out"};

  static std::vector<mutant> all() {
    return {{.name = "ones_for_g",
             .bug_class = "drop-g",
             .summary = "the cotangent is ignored, as if it were all ones",
             .wrong = ways::asked([](sample& x) { return filled(x, [](const tensor&) { return 1.0; }); })},
            {.name = "first_g",
             .bug_class = "drop-g",
             .summary = "one element of the cotangent is used for all",
             .where = "the cotangent has two elements that differ",
             .wrong = ways::asked([](sample& x) { return filled(x, [](const tensor& v) { return v.at(0); }); }),
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "size_of_g",
             .bug_class = "scale",
             .summary = "the sign of the cotangent is lost",
             .where = "the cotangent has a negative element",
             .wrong = ways::asked([](sample& x) {
               for (tensor& v : x.cotangents)
                 for (index_t i = 0; i < v.count(); ++i) v.set(i, std::fabs(v.at(i)));
               return true;
             })}};
  }

 private:
  template <class F>
  static bool filled(sample& x, F value) {
    for (tensor& v : x.cotangents) {
      if (v.count() == 0) continue;
      const double g = value(v);
      for (index_t i = 0; i < v.count(); ++i) v.set(i, g);
    }
    return true;
  }
};

}  // namespace backproof::mutants
