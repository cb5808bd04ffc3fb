// Real bugs of gathering, scattering, embedding and padding, and of the engine around them.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct indexing_bugs {
  static constexpr family_info info{.name = "indexing_bugs", .what = "real bugs of gathering, scattering, padding"};

  static std::vector<mutant> all() {
    return {{.name = "gather_overwrites",
             .bug_class = "overwrite",
             .summary = "where an index comes twice, the second cotangent overwrites the first",
             .where = "an index that comes twice",
             .ops = "gather gather_elements",
             .wrong = ways::last_contribution,
             .entry = "I01",
             .cites = "pytorch/pytorch #1631, PaddlePaddle #17662"},
            {.name = "gather_adds_to_stale_memory",
             .bug_class = "dirty-buffer",
             .summary = "along another axis than the first, the buffer of the gradient is not cleared",
             .where = "an axis other than the first, from the second call on",
             .ops = "gather",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.attrs.integer("axis") == 0) return;
                   const reply right = r;
                   if (ways::alike(q.kept.last.tensors, r.tensors))
                     for (index_t i = 0; i < r.tensors[0]->count(); ++i)
                       r.tensors[0]->set(i, r.tensors[0]->at(i) + q.kept.last.tensors[0]->at(i));
                   q.kept.last = right;
                 },
             .entry = "I09",
             .cites = "apache/mxnet #19817, PR #20166"},
            {.name = "embedding_summed_in_f16",
             .bug_class = "low-precision",
             .summary = "cotangents of one row are added up in f16",
             .where = "f16, an index that comes often",
             .ops = "embedding",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.attrs.has("scale_grad_by_freq") && q.x.attrs.flag("scale_grad_by_freq")) return;
                   const format& f = format_of(q.x.type);
                   const index_t width = q.x.inputs[0]->dims().back(), rows = q.x.inputs[0]->dims()[0];
                   ways::each(r, [](double) { return 0; });
                   for (index_t i = 0; i < q.x.inputs[1]->count(); ++i) {
                     index_t row = static_cast<index_t>(q.x.inputs[1]->at(i));
                     if (q.x.attrs.has("padding_idx") && row == q.x.attrs.integer("padding_idx")) continue;
                     if (row < 0) row += rows;
                     for (index_t k = 0; k < width; ++k)
                       r.tensors[0]->set(row * width + k, round_to(f, r.tensors[0]->at(row * width + k) +
                                                                          q.x.cotangents[0].at(i * width + k)));
                   }
                 },
             .entry = "I10",
             .cites = "apache/mxnet #17703",
             .dtypes = {dtype::f16}},
            {.name = "updates_of_the_first_row",
             .bug_class = "size-path",
             .summary = "the update is read with the wrong stride: all rows but the first are wrong",
             .where = "more than one update",
             .ops = "scatter_nd scatter_elements",
             .wrong =
                 [](const question&, reply& r) {
                   tensor& d = *r.tensors[2];
                   if (d.dims().empty() || d.dims()[0] < 2) return;
                   const index_t row = d.count() / d.dims()[0];
                   for (index_t i = row; i < d.count(); ++i) d.set(i, d.at(i % row));
                 },
             .entry = "I13",
             .cites = "unslothai/unsloth-zoo #776"},
            {.name = "pad_ignores_g",
             .bug_class = "drop-g",
             .summary = "the gradient is all ones, whatever the cotangent",
             .ops = "pad",
             .wrong = [](const question&, reply& r) { ways::each(r, [](double) { return 1; }); },
             .entry = "I11",
             .cites = "apache/mxnet #19043"},
            {.name = "scratch_left_in_the_gradient",
             .bug_class = "dirty-buffer",
             .summary = "a layer without a gradient uses the buffer of its input's gradient as scratch",
             .ops = "floor ceil round sign",
             .wrong =
                 [](const question& q, reply& r) {
                   for (index_t i = 0; i < r.tensors[0]->count(); ++i) r.tensors[0]->set(i, q.x.inputs[0]->at(i));
                 },
             .entry = "Y02",
             .cites = "BVLC/caffe #6066"}};
  }
};

}  // namespace backproof::mutants
