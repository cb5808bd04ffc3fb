// Elements are right, but in the wrong place: axes confused, strides ignored, windows shifted.
#pragma once

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct layout_and_axes {
  static constexpr family_info info{.name = "layout_and_axes", .what = "elements read or written in the wrong place"};

  static std::vector<mutant> all() {
    return {{.name = "another_axis",
             .bug_class = "wrong-axis",
             .summary = "the backward pass works along another axis than the forward pass",
             .where = "another axis has the same extent",
             .wrong =
                 [](const question& q, reply& r) {
                   const index_t rank = static_cast<index_t>(q.x.inputs[0]->dims().size());
                   for (index_t axis = 0; axis < rank; ++axis) {
                     sample x = q.x;
                     for (const char* name : {"axis", "axes"}) {
                       if (!x.attrs.has(name)) continue;
                       if (name == std::string_view("axis"))
                         x.attrs.set(name, axis);
                       else if (x.attrs.integers(name).size() == 1)
                         x.attrs.set(name, std::vector<index_t>{axis});
                     }
                     const auto wrong = ways::instead(q, x, r);
                     if (!wrong || wrong->tensors == r.tensors) continue;
                     r = *wrong;
                     return;
                   }
                 },
             .applies = has_axis,
             .probed = true,
             .equivalent = another_shape},
            {.name = "always_the_last_axis",
             .bug_class = "wrong-axis",
             .summary = "the backward pass works along the last axis, whatever the axis",
             .where = "an axis that is not the last one",
             .wrong =
                 [](const question& q, reply& r) {
                   sample x = q.x;
                   if (!x.attrs.has("axis")) return;
                   x.attrs.set("axis", static_cast<index_t>(x.inputs[0]->dims().size()) - 1);
                   if (auto wrong = ways::instead(q, x, r)) r = *wrong;
                 },
             .applies = has_axis,
             .probed = true,
             .equivalent = another_shape},
            {.name = "neighbours_in_memory",
             .bug_class = "wrong-axis",
             .summary = "neighbours in memory are taken for those along the axis, which is not the last one",
             .where = "an axis that is not the last one",
             .ops = "softmax",
             .wrong =
                 [](const question& q, reply& r) {
                   const reply y = q.forward();
                   const tensor &p = *y.tensors[0], &g = q.x.cotangents[0];
                   const index_t length = slices(p.dims(), q.x.attrs.integer("axis")).length;
                   for (index_t row = 0; row < p.count(); row += length) {
                     double mean = 0;
                     for (index_t k = row; k < row + length; ++k) mean += p.at(k) * g.at(k);
                     for (index_t k = row; k < row + length; ++k) r.tensors[0]->set(k, p.at(k) * (g.at(k) - mean));
                   }
                 }},
            {.name = "cotangent_read_backwards",
             .bug_class = "wrong-axis",
             .summary = "the cotangent is read in the reverse order",
             .where = "the cotangent has two elements that differ",
             .wrong = ways::asked(reversed),
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "contiguous_inputs_assumed",
             .bug_class = "assume-contiguous",
             .summary = "strides are ignored: operands are read as if they lay in memory without gaps",
             .where = "strided operands",
             .wrong = under(call_condition::strided),
             .depends_on_condition = true,
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "expanded_cotangent_read_as_contiguous",
             .bug_class = "assume-contiguous",
             .summary = "an expanded cotangent is read past its one element",
             .where = "a cotangent with strides 0",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.under != call_condition::expanded) return;
                   sample other = q.x;
                   for (tensor& v : other.cotangents)
                     for (index_t i = 1; i < v.count(); ++i) v.set(i, 0);
                   if (auto wrong = ways::instead(q, other, r)) r = *wrong;
                 },
             .depends_on_condition = true,
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "alignment_assumed",
             .bug_class = "assume-contiguous",
             .summary = "operands that are not aligned are read from the address below",
             .where = "unaligned operands",
             .wrong = under(call_condition::unaligned),
             .depends_on_condition = true,
             .equivalent = [](const op& o) -> std::string_view {
               return among(o.info.name, "l1_penalty l2_penalty") ? "its output is one number" : "";
             }},
            {.name = "shifted_window",
             .bug_class = "wrong-window",
             .summary = "the windows of the backward pass begin one element away from those of the forward pass",
             .where = "there is padding",
             .ops = "conv conv_transpose max_pool average_pool lp_pool pad",
             .wrong = ways::attribute<std::vector<std::int64_t>>("pads",
                                                                 [](std::vector<std::int64_t>& p) {
                                                                   const std::size_t axes = p.size() / 2;
                                                                   for (std::size_t k = 0; k < axes; ++k)
                                                                     if (p[k] > 0) {
                                                                       --p[k], ++p[k + axes];
                                                                       return true;
                                                                     }
                                                                   return false;
                                                                 })},
            {.name = "padding_counted_otherwise",
             .bug_class = "wrong-window",
             .summary = "the backward pass counts the padding into the window where the forward pass does not",
             .where = "there is padding",
             .ops = "average_pool",
             .wrong = ways::attribute<std::int64_t>("count_include_pad",
                                                    [](std::int64_t& flag) { return flag = 1 - flag, true; })}};
  }

 private:
  static bool has_axis(const op& o) {
    static constexpr std::string_view own[] = {
        "cum_sum", "cum_prod",        "softmax",          "log_softmax",      "softmin",   "glu",
        "gather",  "gather_elements", "scatter_elements", "lp_normalization", "normalize", "cosine_similarity",
        "top_k",   "bias_add"};
    return std::find(std::begin(own), std::end(own), o.info.name) != std::end(own) ||
           o.info.name.starts_with("reduce_");
  }

  static std::string_view another_shape(const op& o) {
    return o.info.name == "glu" ? "along another axis its output has another shape" : "";
  }

  static bool reversed(sample& x) {
    for (tensor& v : x.cotangents) {
      const tensor g = v;
      for (index_t i = 0; i < g.count(); ++i) v.set(i, g.at(g.count() - 1 - i));
    }
    return true;
  }

  static std::function<void(const question&, reply&)> under(call_condition c) {
    return [c](const question& q, reply& r) {
      if (q.x.under == c) ways::asked(reversed)(q, r);
    };
  }
};

}  // namespace backproof::mutants
