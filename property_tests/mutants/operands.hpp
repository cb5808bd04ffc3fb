// The derivative is right, but taken of something else: of the output, of another sign, of another input.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct operands {
  static constexpr family_info info{.name = "operands", .what = "the derivative at another point"};

  static std::vector<mutant> all() {
    return {{.name = "output_for_input",
             .bug_class = "mask-from-output",
             .summary = "the derivative is taken at the saved output instead of the input",
             .where = "the derivative at y is not that at x",
             .wrong =
                 [](const question& q, reply& r) {
                   sample other = q.x;
                   const reply y = q.forward();
                   if (y.tensors[0]->dims() != q.x.inputs[0]->dims()) return;
                   other.inputs[0] = y.tensors[0];
                   if (auto wrong = ways::instead(q, other, r)) r = *wrong;
                 },
             .applies = [](const op& o) { return o.unary; },
             .equivalent = [](const op& o) -> std::string_view {
               if (among(o.info.name, "add_const mul_const neg")) return "its derivative is a constant";
               return among(o.info.name, "relu relu6 hardtanh") ? "y is on the same side of every knee as x" : "";
             }},
            {.name = "comparison_turned_round",
             .bug_class = "compare-flip",
             .summary = "a comparison is turned round: the derivative of the other branch",
             .where = "the two branches differ",
             .wrong = ways::asked([](sample& x) { return changed(x, [](double v) { return -v; }); }),
             .applies = [](const op& o) { return o.unary && o.kinks != nullptr; },
             .equivalent = [](const op& o) -> std::string_view {
               return o.info.name == "shrink" || o.info.name == "sign" ? "its derivative is even" : "";
             }},
            {.name = "size_for_number",
             .bug_class = "compare-flip",
             .summary = "the sign of the input is lost: |x| where x is due",
             .where = "an input is negative",
             .wrong = ways::asked([](sample& x) { return changed(x, [](double v) { return std::fabs(v); }); }),
             .applies = [](const op& o) { return o.unary; },
             .equivalent = [](const op& o) -> std::string_view {
               if (among(o.info.name, "acosh rsqrt log sqrt"))
                 return "at negative numbers there is no value, and at -0 an infinite slope of either sign is right";
               return among(o.info.name,
                            "acos add_const asin asinh atan atanh erf mul_const neg reciprocal shrink sigmoid sin sinh "
                            "softsign tan tanh tanhshrink")
                          ? "its derivative is even"
                          : "";
             }},
            {.name = "gradients_exchanged",
             .bug_class = "swap",
             .summary = "the gradients of two inputs are exchanged",
             .where = "two inputs of one shape",
             .wrong =
                 [](const question&, reply& r) {
                   for (std::size_t a = 0; a < r.tensors.size(); ++a)
                     for (std::size_t b = a + 1; b < r.tensors.size(); ++b)
                       if (r.tensors[a] && r.tensors[b] && r.tensors[a]->dims() == r.tensors[b]->dims() &&
                           !(r.tensors[a] == r.tensors[b]))
                         return std::swap(r.tensors[a], r.tensors[b]);
                 },
             .applies = [](const op& o) { return o.sig.may_have_twins(); },
             .probed = true},
            {.name = "unneeded_inputs_not_passed_over",
             .bug_class = "swap",
             .summary = "an input that needs no gradient is left out, and the next one gets what was its own",
             .where = "only some inputs need a gradient",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.under != call_condition::partial) return;
                   const reply all = q.with(asking_for_all(q.o, q.x));
                   std::size_t next = 0;
                   for (auto& d : r.tensors) {
                     if (!d) continue;
                     while (!all.tensors[next]) ++next;
                     if (all.tensors[next]->dims() == d->dims()) d = all.tensors[next];
                     ++next;
                   }
                 },
             .applies = [](const op& o) { return o.sig.may_have_twins(); },
             .depends_on_condition = true,
             .probed = true},
            {.name = "inputs_exchanged",
             .bug_class = "swap",
             .summary = "two inputs are exchanged in the backward pass",
             .where = "two inputs of one shape",
             .wrong = ways::asked([](sample& x) {
               for (std::size_t a = 0; a < x.inputs.size(); ++a)
                 for (std::size_t b = a + 1; b < x.inputs.size(); ++b)
                   if (x.tangents[a] && x.tangents[b] && x.inputs[a]->dims() == x.inputs[b]->dims()) {
                     std::swap(x.inputs[a], x.inputs[b]);
                     return true;
                   }
               return false;
             }),
             .applies = [](const op& o) { return o.sig.may_have_twins(); },
             .probed = true,
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "add add_n bias_add concat mean sub where")
                          ? "its gradient does not depend on these inputs"
                          : "";
             }},
            {.name = "nan_for_zero_cotangent",
             .bug_class = "zero-times-inf",
             .summary = "a cotangent of 0 meets something infinite, and gives NaN",
             .where = "a cotangent of 0",
             .wrong = ways::elementwise([](const ways::at& e) { return e.g == 0 ? std::nan("") : e.right; }),
             .applies = [](const op& o) { return o.unary; }}};
  }

 private:
  template <class F>
  static bool changed(sample& x, F f) {
    for (index_t i = 0; i < x.inputs[0]->count(); ++i) x.inputs[0]->set(i, f(x.inputs[0]->at(i)));
    return true;
  }
};

}  // namespace backproof::mutants
