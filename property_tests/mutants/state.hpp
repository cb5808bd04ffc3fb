// What a question leaves behind changes the answer to the next, or the operands of this one.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct state {
  static constexpr family_info info{.name = "state", .what = "buffers, aliases, saved tensors, races"};

  static std::vector<mutant> all() {
    return {
        {.name = "gradient_overwritten",
         .bug_class = "overwrite",
         .summary = "a gradient that should be added to what is there overwrites it",
         .where = "gradients that are accumulated",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under == call_condition::accumulated) ways::each(r, [](double d) { return d / 2; });
             },
         .depends_on_condition = true},
        {.name = "shared_variable_overwritten",
         .bug_class = "overwrite",
         .summary = "a variable that is used twice keeps the gradient of one use only",
         .where = "one variable for two inputs",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under != call_condition::shared) return;
               sample apart = q.x;
               apart.under = call_condition::aliased;
               reply all = q.with(apart);
               for (std::size_t k = 0; k < all.tensors.size(); ++k)
                 if (!r.tensors[k]) all.tensors[k].reset();
               r = all;
             },
         .applies = [](const op& o) { return twins(o) && !among(o.info.name, "max min"); },
         .depends_on_condition = true,
         .probed = true},
        {.name = "shared_variable_overwritten_at_ties",
         .bug_class = "overwrite",
         .summary = "a variable that is used twice keeps the gradient of one use only",
         .where = "one variable for two inputs",
         .ops = "max min",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under != call_condition::shared) return;
               sample apart = q.x;
               apart.under = call_condition::aliased;
               reply all = q.with(apart);
               for (std::size_t k = 0; k < all.tensors.size(); ++k)
                 if (!r.tensors[k]) all.tensors[k].reset();
               r = all;
             },
         .depends_on_condition = true,
         .probed = true,
         .out_of_reach = "the maximum of a variable and itself ties everywhere, and how ties are shared is left open"},
        {.name = "dirty_buffer",
         .bug_class = "dirty-buffer",
         .summary = "the buffer of the gradient is not cleared: what an earlier call left is added",
         .where = "from the second call on",
         .wrong =
             [](const question& q, reply& r) {
               const reply right = r;
               if (ways::alike(q.kept.last.tensors, r.tensors))
                 for (std::size_t k = 0; k < r.tensors.size(); ++k)
                   for (index_t i = 0; r.tensors[k] && i < r.tensors[k]->count(); ++i)
                     r.tensors[k]->set(i, r.tensors[k]->at(i) + q.kept.last.tensors[k]->at(i));
               q.kept.last = right;
             }},
        {.name = "untouched_elements_not_written",
         .bug_class = "dirty-buffer",
         .summary = "elements whose gradient is zero are not written, and hold what was there before",
         .where = "a gradient with zeros, from the second call on",
         .wrong =
             [](const question& q, reply& r) {
               const reply right = r;
               if (ways::alike(q.kept.last.tensors, r.tensors))
                 for (std::size_t k = 0; k < r.tensors.size(); ++k)
                   for (index_t i = 0; r.tensors[k] && i < r.tensors[k]->count(); ++i)
                     if (r.tensors[k]->at(i) == 0) r.tensors[k]->set(i, q.kept.last.tensors[k]->at(i));
               q.kept.last = right;
             }},
        {.name = "gradient_in_place_of_g",
         .bug_class = "alias",
         .summary = "the gradient is written over the cotangent, which is read again for the next input",
         .where = "two inputs, the first of the output's shape",
         .wrong =
             [](const question& q, reply& r) {
               const std::vector<std::size_t> d = ways::differentiable(r);
               if (d.size() < 2 || q.x.cotangents[0].dims() != r.tensors[d[0]]->dims()) return;
               sample other = q.x;
               other.cotangents[0] = *r.tensors[d[0]];
               const reply late = q.with(other);
               for (std::size_t k = 1; k < d.size(); ++k) r.tensors[d[k]] = late.tensors[d[k]];
             },
         .applies = several_inputs,
         .probed = true,
         .equivalent = [](const op& o) -> std::string_view {
           return among(o.info.name, "add add_n bias_add sub")
                      ? "the gradient of the first input is the cotangent itself"
                      : "";
         }},
        {.name = "input_overwritten",
         .bug_class = "alias",
         .summary = "the input is overwritten by the backward pass",
         .where = "the operands are looked at afterwards, or asked for twice",
         .wrong = [](const question&, reply& r) { r.changed = {{"in.0"}}; }},
        {.name = "saved_tensor_overwritten",
         .bug_class = "alias",
         .summary = "the backward pass overwrites what the forward pass has saved; a second one is wrong",
         .where = "the VJP is asked for twice after one forward pass",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under == call_condition::retained) ways::each(r, [](double d) { return d * d + d + 1; });
             },
         .depends_on_condition = true},
        {.name = "aliased_inputs_confused",
         .bug_class = "alias",
         .summary = "inputs that lie in the same memory share a gradient buffer, and the last one wins",
         .where = "equal inputs in the same memory",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under != call_condition::aliased) return;
               for (std::size_t a = 0; a < r.tensors.size(); ++a)
                 for (std::size_t b = a + 1; b < r.tensors.size(); ++b)
                   if (r.tensors[a] && r.tensors[b] && q.x.inputs[a] == q.x.inputs[b]) r.tensors[a] = r.tensors[b];
             },
         .applies = twins,
         .depends_on_condition = true,
         .probed = true,
         .equivalent = [](const op& o) -> std::string_view {
           return among(o.info.name, "add add_n mean mul logaddexp hypot cosine_similarity")
                      ? "it is symmetric in its inputs: where they are equal, so are their gradients"
                      : "";
         }},
        {.name = "lost_update",
         .bug_class = "race",
         .summary = "threads add to one element without a lock: an addition is lost now and then",
         .where = "every third call",
         .wrong =
             [](const question& q, reply& r) {
               if (q.kept.asked % 3 == 0) forget_first(q, r);
             },
         .depends_on_condition = true},
        {.name = "race_of_several_threads",
         .bug_class = "race",
         .summary = "with several threads, an addition is lost",
         .where = "several threads",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.under == call_condition::threads) forget_first(q, r);
             },
         .depends_on_condition = true},
        {.name = "cached_by_shape",
         .bug_class = "detach",
         .summary = "what was computed for an earlier input of the same shape is taken for a constant",
         .where = "from the second call with the same shapes on",
         .wrong = [](const question& q, reply& r) {
           if (q.kept.last.tensors.empty() || !ways::alike(q.kept.last.tensors, r.tensors))
             q.kept.last = r;
           else
             r = q.kept.last;
         }}};
  }

 private:
  static bool twins(const op& o) { return o.sig.may_have_twins(); }
  static bool several_inputs(const op& o) { return o.sig.inputs.size() > 1; }

  static void forget_first(const question& q, reply& r) {
    ways::asked([](sample& x) {
      if (x.cotangents[0].count() == 0) return false;
      x.cotangents[0].set(0, 0);
      return true;
    })(q, r);
  }
};

}  // namespace backproof::mutants
