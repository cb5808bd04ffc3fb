// Real bugs of matrix products, biases and broadcasting.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct affine_bugs {
  static constexpr family_info info{.name = "affine_bugs", .what = "real bugs of products, biases, broadcasting"};

  static std::vector<mutant> all() {
    return {
        {.name = "bias_of_the_first_row",
         .bug_class = "drop-term",
         .summary = "the gradient of the bias is not summed over the batch",
         .where = "a batch of more than one",
         .ops = "bias_add linear",
         .wrong =
             [](const question& q, reply& r) {
               if (r.tensors.back() && q.x.inputs.size() > 1)
                 replace_last(q, r, [&](sample& x) { return first_row(x); });
             },
         .entry = "L01",
         .cites = "mlpack #3679"},
        {.name = "batch_axis_left_in_gradient",
         .bug_class = "wrong-axis",
         .summary = "the gradient of an operand without a batch is not summed over the batch, and has its axis",
         .where = "one operand without a batch",
         .ops = "matmul",
         .wrong =
             [](const question& q, reply& r) {
               const shape &a = q.x.inputs[0]->dims(), &y = q.x.cotangents[0].dims();
               if (a.size() != 2 || y.size() <= 2) return;
               shape batched(y.begin(), y.end() - 2);
               batched.insert(batched.end(), a.begin(), a.end());
               tensor wrong(q.x.type, batched);
               for (index_t i = 0; i < wrong.count(); ++i) wrong.set(i, r.tensors[0]->at(i % r.tensors[0]->count()));
               r.tensors[0] = wrong;
             },
         .entry = "L03",
         .cites = "flashlight/flashlight #760"},
        {.name = "outer_product_for_vectors",
         .bug_class = "wrong-axis",
         .summary = "with a vector for an operand, a dot product is broadcast where the outer product is due",
         .where = "a square matrix times a vector",
         .ops = "matmul",
         .wrong =
             [](const question& q, reply& r) {
               const shape &a = q.x.inputs[0]->dims(), &b = q.x.inputs[1]->dims();
               if (b.size() != 1 || a.size() != 2 || a[0] != a[1]) return;
               double dot = 0;
               for (index_t i = 0; i < a[0]; ++i) dot += q.x.cotangents[0].at(i) * q.x.inputs[1]->at(i);
               for (index_t i = 0; i < r.tensors[0]->count(); ++i) r.tensors[0]->set(i, dot);
             },
         .entry = "L04",
         .cites = "harvard-edge/cs249r_book #1781"},
        {.name = "second_use_of_an_operand",
         .bug_class = "drop-term",
         .summary = "x times x transposed: the contribution through the second use is dropped",
         .where = "one variable for both operands",
         .ops = "matmul",
         .wrong = one_use_only,
         .entry = "L06",
         .cites = "NervanaSystems/neon #169",
         .depends_on_condition = true},
        {.name = "matrix_used_transposed",
         .bug_class = "wrong-axis",
         .summary = "a row vector times a matrix: its gradient takes the matrix transposed",
         .where = "a vector times a square matrix that is not symmetric",
         .ops = "matmul",
         .wrong =
             [](const question& q, reply& r) {
               const tensor &b = *q.x.inputs[1], g = q.x.cotangents[0];
               const shape& s = b.dims();
               if (q.x.inputs[0]->dims().size() != 1 || s.size() != 2 || s[0] != s[1]) return;
               for (index_t i = 0; i < s[0]; ++i) {
                 double d = 0;
                 for (index_t k = 0; k < s[0]; ++k) d += b.at(k * s[0] + i) * g.at(k);
                 r.tensors[0]->set(i, d);
               }
             },
         .entry = "L07",
         .cites = "JuliaDiff/ReverseDiff.jl #235"},
        {.name = "unbroadcast_the_wrong_axis",
         .bug_class = "wrong-axis",
         .summary = "after the leading axes are summed away, the axes of extent 1 are looked for in the old numbering",
         .where = "an operand with a leading axis missing and an axis of extent 1",
         .ops = "add mul",
         .wrong =
             [](const question& q, reply& r) {
               const shape& y = q.x.cotangents[0].dims();
               for (auto& d : r.tensors) {
                 const index_t missing = static_cast<index_t>(y.size() - d->dims().size());
                 for (std::size_t k = 0; missing > 0 && k < d->dims().size(); ++k) {
                   const std::size_t old = k + static_cast<std::size_t>(missing);
                   if (d->dims()[k] != 1 || y[old] == 1) continue;
                   shape wrong(y.end() - static_cast<std::ptrdiff_t>(d->dims().size()), y.end());
                   wrong[std::min(old, wrong.size() - 1)] = 1;
                   d = tensor(q.x.type, wrong);  // of another shape, whatever it holds
                   break;
                 }
               }
             },
         .entry = "L09",
         .cites = "HomericIntelligence/Odyssey #2080"},
        {.name = "broadcast_branch_ignores_g",
         .bug_class = "drop-g",
         .summary = "the branch for broadcasting does not use the cotangent",
         .where = "operands that broadcast",
         .ops = "mul",
         .wrong = ways::asked([](sample& x) {
           if (x.inputs[0]->dims() == x.inputs[1]->dims()) return false;
           for (index_t i = 0; i < x.cotangents[0].count(); ++i) x.cotangents[0].set(i, 1);
           return true;
         }),
         .entry = "L10",
         .cites = "deeplearning4j #5978"},
        {.name = "one_of_several_paths",
         .bug_class = "drop-term",
         .summary = "of a variable that is used several times only one path is kept",
         .where = "one variable for both factors",
         .ops = "mul",
         .wrong = one_use_only,
         .entry = "L11",
         .cites = "SciSharp/TensorFlow.NET #303",
         .depends_on_condition = true}};
  }

 private:
  static bool first_row(sample& x) {
    tensor& v = x.cotangents[0];
    if (v.dims().empty() || v.dims()[0] < 2) return false;
    for (index_t i = v.count() / v.dims()[0]; i < v.count(); ++i) v.set(i, 0);
    return true;
  }

  template <class F>
  static void replace_last(const question& q, reply& r, F change) {
    sample other = q.x;
    if (change(other)) r.tensors.back() = q.with(other).tensors.back();
  }

  static void one_use_only(const question& q, reply& r) {
    if (q.x.under != call_condition::shared) return;
    sample apart = q.x;
    apart.under = call_condition::aliased;
    const reply all = q.with(apart);
    r.tensors[0] = all.tensors[0];
  }
};

}  // namespace backproof::mutants
