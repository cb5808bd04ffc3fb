// Of the terms that make up a gradient, some are left out.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct terms {
  static constexpr family_info info{.name = "terms", .what = "terms of a gradient are left out"};

  static std::vector<mutant> all() {
    return {{.name = "last_output_forgotten",
             .bug_class = "drop-term",
             .summary = "the loop over the outputs ends one too early",
             .wrong = ways::asked([](sample& x) {
               tensor& v = x.cotangents.back();
               if (v.count() == 0) return false;
               v.set(v.count() - 1, 0);
               return true;
             })},
            {.name = "no_last_gradient",
             .bug_class = "drop-term",
             .summary = "the gradient of the last input is zero, as if it were a constant",
             .where = "there are two inputs with a gradient",
             .wrong =
                 [](const question&, reply& r) {
                   const std::vector<std::size_t> d = ways::differentiable(r);
                   if (d.size() < 2) return;
                   for (index_t i = 0; i < r.tensors[d.back()]->count(); ++i) r.tensors[d.back()]->set(i, 0);
                 },
             .applies = several_inputs},
            {.name = "missing_gradient",
             .bug_class = "drop-term",
             .summary = "the gradient of the first input is not given at all",
             .wrong = [](const question&, reply& r) { r.tensors[ways::differentiable(r).front()].reset(); }},
            {.name = "last_contribution_wins",
             .bug_class = "overwrite",
             .summary = "contributions to one element overwrite each other instead of being added up",
             .where = "an input element reaches several outputs",
             .wrong = ways::last_contribution,
             .applies = [](const op& o) { return !o.unary && !moves_each_once(o); },
             .probed = true}};
  }

 private:
  static bool several_inputs(const op& o) {
    return std::count_if(o.sig.inputs.begin(), o.sig.inputs.end(),
                         [](const operand& x) { return x.differentiable && !x.optional; }) > 1;
  }

  // Reductions, rearrangements and scalar losses: every element reaches one output at most.
  static bool moves_each_once(const op& o) {
    static constexpr std::string_view once[] = {"add_const",
                                                "mul_const",
                                                "concat",
                                                "depth_to_space",
                                                "space_to_depth",
                                                "reshape",
                                                "transpose",
                                                "slice",
                                                "split",
                                                "trilu",
                                                "global_average_pool",
                                                "global_lp_pool",
                                                "global_max_pool",
                                                "glu",
                                                "dropout",
                                                "cosine_similarity",
                                                "top_k",
                                                "max_unpool",
                                                "l1_penalty",
                                                "l2_penalty",
                                                "square",
                                                "rrelu",
                                                "add_n",
                                                "pairwise_distance"};
    return o.info.name.starts_with("reduce_") ||
           std::find(std::begin(once), std::end(once), o.info.name) != std::end(once) || o.info.name.ends_with("_loss");
  }
};

}  // namespace backproof::mutants
