// Real bugs of pooling.
#pragma once

#include <algorithm>
#include <cmath>

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct pooling_bugs {
  static constexpr family_info info{.name = "pooling_bugs", .what = "real bugs of pooling"};

  static std::vector<mutant> all() {
    return {{.name = "max_pool_overwrites",
             .bug_class = "overwrite",
             .summary = "a cell that wins in several windows keeps the cotangent of one",
             .where = "windows that overlap",
             .ops = "max_pool",
             .wrong = ways::last_contribution,
             .entry = "P01",
             .cites = "FluxML/NNlib.jl #205, Flux #1197, 0809zheng #19"},
            {.name = "overhanging_window_divided_by_the_kernel",
             .bug_class = "wrong-window",
             .summary = "the last window, which hangs over the end, is divided by the size of the whole kernel",
             .where = "ceil_mode, a remainder, and the padding counted",
             .ops = "average_pool",
             .wrong =
                 [](const question& q, reply& r) {
                   if (!q.x.attrs.flag("ceil_mode") || !q.x.attrs.flag("count_include_pad")) return;
                   divide_by(static_cast<double>(size_of(q.x.attrs.integers("kernel_shape"))), q, r);
                 },
             .entry = "P03",
             .cites = "tracel-ai/burn #5604, pytorch/pytorch #198119"},
            {.name = "adaptive_windows_of_one_size",
             .bug_class = "wrong-window",
             .summary = "all adaptive windows are taken to be of one size",
             .where = "the output's extent is no divisor of the input's",
             .ops = "adaptive_avg_pool",
             .wrong =
                 [](const question& q, reply& r) {
                   const shape &x = q.x.inputs[0]->dims(), &y = q.x.cotangents[0].dims();
                   double size = 1;
                   for (std::size_t k = 2; k < x.size(); ++k)
                     size *= static_cast<double>((x[k] + y[k] - 1) / std::max<index_t>(1, y[k]));
                   divide_by(size, q, r);
                 },
             .entry = "P04",
             .cites = "PaddlePaddle #74077"},
            {.name = "divisors_exchanged",
             .bug_class = "wrong-window",
             .summary = "whether the padding counts is asked the wrong way round",
             .where = "there is padding",
             .ops = "average_pool",
             .wrong = ways::attribute<std::int64_t>("count_include_pad",
                                                    [](std::int64_t& flag) { return flag = 1 - flag, true; }),
             .entry = "P06",
             .cites = "torch/cunn PR #134"},
            {.name = "unpool_gives_to_all_that_wrote",
             .bug_class = "overwrite",
             .summary = "where several elements were written to one place, all of them get its cotangent, not the last",
             .where = "an index that comes twice",
             .ops = "max_unpool",
             .wrong =
                 [](const question& q, reply& r) {
                   for (index_t i = 0; i < r.tensors[0]->count(); ++i)
                     if (const double at = q.x.inputs[1]->at(i);
                         at >= 0 && at < static_cast<double>(q.x.cotangents[0].count()))
                       r.tensors[0]->set(i, q.x.cotangents[0].at(static_cast<index_t>(at)));
                 },
             .entry = "P07",
             .cites = "pytorch/pytorch #80827, #146299",
             .equivalent = [](const op&) -> std::string_view {
               return "max_unpool refuses an index that comes twice, as the order would be undefined";
             }}};
  }

 private:
  // Every window's cotangent times (its divisor / size). A window's divisor shows in the gradient of its output alone.
  static void divide_by(double size, const question& q, reply& r) {
    sample one = q.x, other = q.x;
    constexpr index_t most = 160;
    if (one.cotangents[0].count() > most) return;
    for (index_t i = 0; i < one.cotangents[0].count(); ++i) one.cotangents[0].set(i, 0);
    for (index_t o = 0; o < one.cotangents[0].count(); ++o) {
      one.cotangents[0].set(o, 1);
      double share = 0;
      const reply alone = q.with(one);
      for (index_t i = 0; i < alone.tensors[0]->count(); ++i) share = std::max(share, alone.tensors[0]->at(i));
      one.cotangents[0].set(o, 0);
      if (share > 0) other.cotangents[0].set(o, q.x.cotangents[0].at(o) * (std::round(1 / share) / size));
    }
    r = q.with(other);
  }
};

}  // namespace backproof::mutants
