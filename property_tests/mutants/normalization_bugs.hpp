// Real bugs of normalisation layers.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"
#include "reference/group_normalization.hpp"

namespace backproof::mutants {

struct normalization_bugs {
  static constexpr family_info info{.name = "normalization_bugs", .what = "real bugs of normalisation layers"};

  static std::vector<mutant> all() {
    return {
        {.name = "batch_norm_without_scale",
         .bug_class = "scale",
         .summary = "the scale is applied to the cotangent too late: dx does not have it",
         .where = "a scale other than 1",
         .ops = "batch_normalization",
         .wrong =
             [](const question& q, reply& r) {
               sample other = q.x;
               for (index_t i = 0; i < other.inputs[1]->count(); ++i) other.inputs[1]->set(i, 1);
               r.tensors[0] = q.with(other).tensors[0];
             },
         .entry = "N01",
         .cites = "denizyuret/Knet.jl #288, #289"},
        {.name = "training_formula_in_inference",
         .bug_class = "wrong-formula",
         .summary = "with fixed statistics the gradient of training is taken, with its terms of mean and variance",
         .where = "inference",
         .ops = "batch_normalization",
         .wrong = ways::attribute<std::int64_t>("training_mode",
                                                [](std::int64_t& mode) { return mode == 0 && (mode = 1, true); }),
         .entry = "N03",
         .cites = "vlfeat/matconvnet #1174, pytorch/xla #913, pytorch #586"},
        {.name = "path_through_the_mean_forgotten",
         .bug_class = "drop-term",
         .summary = "the path through the mean is left out of dx",
         .where = "training",
         .ops = "batch_normalization",
         .wrong =
             [](const question& q, reply& r) {
               if (!q.x.attrs.flag("training_mode")) return;
               const slices s(q.x.inputs[0]->dims(), 1);
               const tensor &x = *q.x.inputs[0], &g = q.x.cotangents[0];
               for (index_t c = 0; c < s.length; ++c) {
                 double n = 0, mean = 0, square = 0, sum_g = 0;
                 const auto each = [&](auto visit) {
                   for (index_t o = 0; o < s.outer; ++o)
                     for (index_t i = 0; i < s.inner; ++i) visit(s.start(o, i) + c * s.inner);
                 };
                 each([&](index_t i) { ++n, mean += x.at(i), sum_g += g.at(i); });
                 mean /= n;
                 each([&](index_t i) { square += (x.at(i) - mean) * (x.at(i) - mean); });
                 const double sd = std::sqrt(square / n + q.x.attrs.number("epsilon"));
                 each([&](index_t i) {
                   r.tensors[0]->set(i, r.tensors[0]->at(i) + q.x.inputs[1]->at(c) * sum_g / n / sd);
                 });
               }
             },
         .entry = "N04",
         .cites = "mlpack #1923, #2474"},
        {.name = "rows_taken_from_the_first_axis",
         .bug_class = "wrong-axis",
         .summary = "the number of rows is taken from the first axis alone: of an input of rank 3, rows are left out",
         .where = "more than one axis before the normalised ones",
         .ops = "layer_normalization",
         .wrong =
             [](const question& q, reply& r) {
               const shape& x = q.x.inputs[0]->dims();
               index_t axis = q.x.attrs.integer("axis"), rows = 1;
               if (axis < 0) axis += static_cast<index_t>(x.size());
               for (index_t k = 0; k < axis; ++k) rows *= x[static_cast<std::size_t>(k)];
               if (x.empty() || rows <= x[0]) return;
               sample other = q.x;
               tensor& g = other.cotangents[0];
               for (index_t i = g.count() / rows * x[0]; i < g.count(); ++i) g.set(i, 0);
               const reply part = q.with(other);
               for (std::size_t k = 1; k < r.tensors.size(); ++k) r.tensors[k] = part.tensors[k];
             },
         .entry = "N06",
         .cites = "flagos-ai/FlagGems #5392, linkedin/Liger-Kernel #1376"},
        {.name = "scale_of_another_column",
         .bug_class = "swap",
         .summary = "the normalised input is recovered from the output with the scale of another column",
         .where = "the scale is not the same in all columns",
         .ops = "layer_normalization",
         .wrong =
             [](const question& q, reply& r) {
               const tensor& scale = *q.x.inputs[1];
               tensor& d = *r.tensors[1];
               for (index_t i = 0; i < d.count(); ++i) {
                 const double other = scale.at((i + 1) % d.count());
                 if (other != 0) d.set(i, d.at(i) * scale.at(i) / other);
               }
             },
         .entry = "N07",
         .cites = "deepspeedai/DeepSpeed #692"},
        {.name = "group_norm_not_centred",
         .bug_class = "cancel",
         .summary = "sums of g x and g are taken before the mean is subtracted, and cancel",
         .where = "a mean far beyond the deviation",
         .ops = "group_normalization",
         .wrong = ways::vjp(&normalization::by_one_pass<ops::group_normalization>::vjp<rounded>),
         .entry = "N10",
         .cites = "pytorch/pytorch #61521"},
        {.name = "batch_norm_assumes_contiguous",
         .bug_class = "assume-contiguous",
         .summary = "wrong gradients for channels last, and other inputs that are not contiguous",
         .where = "strided operands",
         .ops = "batch_normalization",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under != call_condition::strided) return;
               sample other = q.x;
               tensor& x = *other.inputs[0];
               for (index_t i = 0; i < x.count(); ++i) x.set(i, q.x.inputs[0]->at(x.count() - 1 - i));
               const reply wrong = q.with(other);
               r.tensors[0] = wrong.tensors[0], r.tensors[1] = wrong.tensors[1];  // of the bias it is always right
             },
         .entry = "N12",
         .cites = "pytorch/pytorch #175189",
         .depends_on_condition = true},
        {.name = "expanded_g_read_as_contiguous",
         .bug_class = "assume-contiguous",
         .summary = "the cotangent of a sum, one number with strides 0, is read past its end",
         .where = "an expanded cotangent",
         .ops = "rms_normalization",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under != call_condition::expanded) return;
               sample other = q.x;
               for (index_t i = 1; i < other.cotangents[0].count(); ++i) other.cotangents[0].set(i, 0);
               r = q.with(other);
             },
         .entry = "N13",
         .cites = "FlagGems #1082, unslothai/unsloth #10617, torch/nn #345, Dao-AILab/flash-attention #355",
         .depends_on_condition = true},
        {.name = "weight_gradient_reads_dx",
         .bug_class = "alias",
         .summary = "dx is written over the cotangent, and the gradient of the scale computed from that",
         .ops = "rms_normalization",
         .wrong =
             [](const question& q, reply& r) {
               sample other = q.x;
               other.cotangents[0] = *r.tensors[0];
               r.tensors[1] = q.with(other).tensors[1];
             },
         .entry = "N15",
         .cites = "unslothai/unsloth #4550"}};
  }
};

}  // namespace backproof::mutants
