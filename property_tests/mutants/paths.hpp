// Another code path, another arithmetic, or the same error forward and backward.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct paths {
  static constexpr family_info info{.name = "paths", .what = "another path, another arithmetic, wrong both ways"};

  static std::vector<mutant> all() {
    return {
        {.name = "tail_of_a_block",
         .bug_class = "size-path",
         .summary = "what is left over after the last full block of 8 elements is not computed",
         .where = "more than 8 elements, and no multiple of 8",
         .wrong =
             [](const question&, reply& r) {
               for (auto& d : r.tensors)
                 if (d && d->count() > 8)
                   for (index_t i = d->count() / 8 * 8; i < d->count(); ++i) d->set(i, 0);
             }},
        {.name = "second_row_and_on",
         .bug_class = "size-path",
         .summary = "only the first entry of the batch is right: the others are read with the wrong stride",
         .where = "a batch of more than one",
         .wrong =
             [](const question&, reply& r) {
               tensor& d = *r.tensors[ways::differentiable(r).front()];
               if (d.dims().empty() || d.dims()[0] < 2) return;
               const index_t row = d.count() / d.dims()[0];
               for (index_t i = row; i < d.count(); ++i) d.set(i, d.at(i % row));
             }},
        {.name = "sums_in_storage_type",
         .bug_class = "low-precision",
         .summary = "everything is computed, and sums are kept, in the 16-bit type of the tensors",
         .where = "16-bit types, where digits are lost",
         .wrong =
             [](const question& q, reply& r) {
               const rounded::use in_force({.fmt = format_of(q.x.type)});
               std::vector<values<rounded>> in, g, d;
               const auto load = [](const tensor& t) {
                 values<rounded> v(t.dims());
                 for (index_t i = 0; i < t.count(); ++i) v[i] = rounded(t.at(i));
                 return v;
               };
               for (const auto& x : q.x.inputs) in.push_back(x ? load(*x) : values<rounded>{});
               for (const tensor& v : q.x.cotangents) g.push_back(load(v));
               for (const auto& t : r.tensors) d.push_back(t ? values<rounded>(t->dims()) : values<rounded>{});
               q.o.rounded_kernels.vjp({q.x.attrs, in}, g, d);
               for (std::size_t k = 0; k < d.size(); ++k)
                 for (index_t i = 0; i < d[k].size(); ++i) r.tensors[k]->set(i, static_cast<double>(d[k][i]));
             },
         .dtypes = {dtype::bf16, dtype::f16},
         .equivalent = [](const op& o) -> std::string_view {
           return among(
                      o.info.name,
                      "abs add_const col2im concat depth_to_space global_average_pool global_max_pool hardtanh "
                      "hinge_embedding_loss l1_loss log top_k margin_ranking_loss max_unpool neg reduce_l1 reduce_max "
                      "reduce_mean reduce_min reduce_sum reduce_sum_square relu relu6 reshape shrink slice "
                      "space_to_depth split thresholded_relu transpose trilu")
                      ? "one operation is rounded at most, and nothing is summed"
                      : "";
         }},
        {.name = "wrong_both_ways",
         .bug_class = "both-wrong",
         .summary = "forward and backward pass share the same error, so that differences agree with the gradient",
         .wrong = [](const question&, reply& r) { ways::each(r, [](double d) { return 1.5 * d; }); },
         .forward = true}};
  }
};

}  // namespace backproof::mutants
