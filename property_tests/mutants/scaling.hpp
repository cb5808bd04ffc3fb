// A factor is forgotten, or put where none belongs.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct scaling {
  static constexpr family_info info{.name = "scaling", .what = "a factor too many or too few"};

  static std::vector<mutant> all() {
    return {{.name = "mean_for_sum",
             .bug_class = "scale",
             .summary = "the gradient is divided by the number of outputs",
             .where = "there is more than one output element",
             .wrong =
                 [](const question& q, reply& r) {
                   const double n = static_cast<double>(ways::outputs(q.x));
                   ways::each(r, [&](double d) { return d / n; });
                 },
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "sum_for_mean",
             .bug_class = "scale",
             .summary = "the division by the number of elements is forgotten",
             .where = "the op takes means, of more than one element",
             .wrong =
                 [](const question& q, reply& r) {
                   double n = 0;
                   for (const auto& x : q.x.inputs)
                     if (x) n = std::max(n, static_cast<double>(x->count()));
                   n /= static_cast<double>(std::max<index_t>(1, ways::outputs(q.x)));
                   ways::each(r, [&](double d) { return d * n; });
                 },
             .applies =
                 [](const op& o) {
                   return among(o.info.name, "reduce_mean average_pool global_average_pool mse_loss l1_loss kl_div");
                 }},
            {.name = "sign_flipped",
             .bug_class = "scale",
             .summary = "the gradient has the wrong sign",
             .wrong = [](const question&, reply& r) { ways::each(r, [](double d) { return -d; }); }},
            {.name = "twice",
             .bug_class = "scale",
             .summary = "the gradient is twice what it should be: the derivative of a square, or added twice",
             .wrong = [](const question&, reply& r) { ways::each(r, [](double d) { return 2 * d; }); }},
            {.name = "per_mille",
             .bug_class = "scale",
             .summary = "a constant is short of digits: one part in a thousand is missing",
             .wrong = [](const question&, reply& r) { ways::each(r, [](double d) { return d * (1 - 0x1p-10); }); }}};
  }
};

}  // namespace backproof::mutants
