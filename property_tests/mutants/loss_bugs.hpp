// Real bugs of losses.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct loss_bugs {
  static constexpr family_info info{.name = "loss_bugs", .what = "real bugs of losses"};

  static std::vector<mutant> all() {
    return {
        {.name = "bce_with_logits_wrong_at_zero",
         .bug_class = "guard-mismatch",
         .summary = "the stable form is differentiated by parts, with slope 0 for both max and |x| at 0",
         .where = "x = 0",
         .ops = "binary_cross_entropy_with_logits",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.inputs[3]) return;  // weights of the positive targets have a branch of their own
               for (index_t i = 0; i < r.tensors[0]->count(); ++i) {
                 const double t = q.x.inputs[1]->at(i);
                 if (q.x.inputs[0]->at(i) == 0 && t != 0.5) r.tensors[0]->set(i, -t * r.tensors[0]->at(i) / (0.5 - t));
               }
             },
         .entry = "O01",
         .cites = "pytorch/pytorch #2298, PR #2195"},
        {.name = "pos_weight_overflows",
         .bug_class = "zero-times-inf",
         .summary = "the branch with weights for positive targets takes exp(-x), which overflows",
         .where = "large negative x, and such weights",
         .ops = "binary_cross_entropy_with_logits",
         .wrong =
             [](const question& q, reply& r) {
               for (index_t i = 0; q.x.inputs[3] && i < r.tensors[0]->count(); ++i)
                 if (std::isfinite(q.x.inputs[0]->at(i)) &&
                     -q.x.inputs[0]->at(i) > std::log(format_of(q.x.type).largest()))
                   r.tensors[0]->set(i, std::nan(""));
             },
         .entry = "O03",
         .cites = "pytorch/pytorch #13773"},
        {.name = "bce_plateau",
         .bug_class = "guard-mismatch",
         .summary = "the forward pass holds the logarithm at -100, the backward pass the denominator at 1e-12",
         .where = "p below 1e-12",
         .ops = "binary_cross_entropy",
         .wrong =
             [](const question& q, reply& r) {
               for (index_t i = 0; i < r.tensors[0]->count(); ++i) {
                 const double p = q.x.inputs[0]->at(i), part = p * (1 - p);
                 if (part < 1e-12) r.tensors[0]->set(i, r.tensors[0]->at(i) * (part / 1e-12));
               }
             },
         .entry = "O04",
         .cites = "pytorch/pytorch #103316"},
        {.name = "huber_ignores_g",
         .bug_class = "drop-g",
         .summary = "the cotangent is ignored",
         .ops = "huber_loss",
         .wrong = ways::asked([](sample& x) {
           for (index_t i = 0; i < x.cotangents[0].count(); ++i) x.cotangents[0].set(i, 1);
           return true;
         }),
         .entry = "O06",
         .cites = "chainer/chainer #1178"},
        {.name = "threshold_on_the_signed_difference",
         .bug_class = "both-wrong",
         .summary = "the signed difference is compared with beta where its size is due, forward and backward alike",
         .where = "input - target <= -beta",
         .ops = "smooth_l1_loss",
         .wrong = signed_difference,
         .entry = "O07",
         .cites = "BobMcDear/attorch #13",
         .forward = true},
        {.name = "target_along_the_wrong_axis",
         .bug_class = "wrong-axis",
         .summary = "the target is broadcast along the wrong axis in the mask",
         .where = "a square input",
         .ops = "hinge_embedding_loss",
         .wrong = ways::asked([](sample& x) {
           const shape s = x.inputs[1]->dims();
           if (s.size() != 2 || s[0] != s[1] || s[0] < 2) return false;
           const tensor t = *x.inputs[1];
           for (index_t i = 0; i < t.count(); ++i) x.inputs[1]->set(i, t.at(i % s[0] * s[0] + i / s[0]));
           return true;
         }),
         .entry = "O09",
         .cites = "pytorch/pytorch #3773"},
        {.name = "scalar_g_read_out_of_bounds",
         .bug_class = "drop-g",
         .summary = "the cotangent of a mean or sum, one number, is read for every element: only the first is right",
         .where = "reduction mean or sum, more than one element",
         .ops = "mse_loss",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.attrs.text("reduction") == "none") return;
               for (index_t i = 1; i < r.tensors[0]->count(); ++i) r.tensors[0]->set(i, 0);
             },
         .entry = "O10",
         .cites = "flagos-ai/FlagGems #5212"},
        {.name = "first_g_for_all_rows",
         .bug_class = "drop-g",
         .summary = "without a reduction, the first row's cotangent is used for all",
         .where = "reduction none, two rows whose cotangents differ",
         .ops = "cross_entropy softmax_cross_entropy_loss",
         .wrong = ways::asked([](sample& x) {
           if (x.attrs.text("reduction") != "none" || x.cotangents[0].count() == 0) return false;
           const double g = x.cotangents[0].at(0);
           for (index_t i = 0; i < x.cotangents[0].count(); ++i) x.cotangents[0].set(i, g);
           return true;
         }),
         .entry = "O12",
         .cites = "linkedin/Liger-Kernel #1298, #968, #678"},
        {.name = "smoothing_of_ignored_rows",
         .bug_class = "stale-parameter",
         .summary = "the smoothed part of the loss is taken of the ignored rows as well",
         .where = "label smoothing and an ignored row",
         .ops = "cross_entropy",
         .wrong = smoothed_though_ignored,
         .entry = "O13",
         .cites = "pytorch/pytorch #73205"},
        {.name = "nan_if_all_are_ignored",
         .bug_class = "guard-mismatch",
         .summary = "the mean of no rows at all is 0 / 0, and so is its gradient",
         .where = "every target is ignored",
         .ops = "negative_log_likelihood_loss",
         .wrong =
             [](const question& q, reply& r) {
               const tensor& labels = *q.x.inputs[1];
               if (q.x.attrs.text("reduction") != "mean" || !q.x.attrs.has("ignore_index")) return;
               for (index_t i = 0; i < labels.count(); ++i)
                 if (labels.at(i) != static_cast<double>(q.x.attrs.integer("ignore_index"))) return;
               ways::each(r, [](double) { return std::nan(""); });
             },
         .entry = "O15",
         .cites = "pytorch/xla #3144, #3141",
         .equivalent = [](const op&) -> std::string_view {
           return "the mean of no rows is 0 / 0 in the reference too, which has no value: any answer is as good";
         }},
        {.name = "kl_div_nan_for_a_target_of_zero",
         .bug_class = "zero-times-inf",
         .summary = "0 log 0 in the branch that is not taken",
         .where = "a target of 0",
         .ops = "kl_div",
         .wrong =
             [](const question& q, reply& r) {
               for (index_t i = 0; !q.x.attrs.flag("log_target") && i < r.tensors[1]->count(); ++i)
                 if (q.x.inputs[1]->at(i) == 0) r.tensors[1]->set(i, std::nan(""));
             },
         .entry = "O16",
         .cites = "pytorch/pytorch #89558, google-deepmind/optax #1786"},
        {.name = "weights_applied_again",
         .bug_class = "scale",
         .summary = "the loop over channels runs over the channels of all positions: rows are scaled repeatedly",
         .where = "weights, and more than one position",
         .ops = "softmax_cross_entropy_loss",
         .wrong =
             [](const question& q, reply& r) {
               if (!q.x.inputs[2] || q.x.inputs[0]->dims().size() < 3) return;
               const slices s(q.x.inputs[0]->dims(), 1);
               for (index_t o = 0; o < s.outer; ++o)
                 for (index_t i = 1; i < s.inner; ++i) {
                   const double label = q.x.inputs[1]->at(o * s.inner + i);
                   if (label < 0 || label >= static_cast<double>(s.length)) continue;
                   for (index_t k = 0; k < s.length; ++k) {
                     const index_t at = s.start(o, i) + k * s.inner;
                     r.tensors[0]->set(at, r.tensors[0]->at(at) * q.x.inputs[2]->at(static_cast<index_t>(label)));
                   }
                 }
             },
         .entry = "O21",
         .cites = "shicai/Weighted_Softmax_Loss #1"},
        {.name = "target_without_gradient",
         .bug_class = "drop-term",
         .summary = "the gradient of the target is silently 0",
         .ops = "mse_loss l1_loss",
         .wrong =
             [](const question&, reply& r) {
               for (index_t i = 0; i < r.tensors[1]->count(); ++i) r.tensors[1]->set(i, 0);
             },
         .entry = "O27",
         .cites = "pytorch/pytorch #3876"}};
  }

  static std::vector<not_planted> left_out() {
    return {{"O18", "pytorch/pytorch #59477, #77852", "binary cross entropy: the wrong shape of a second-order term",
             "a subject is asked for first derivatives only"},
            {"O19", "tensorflow #7403, #14641", "softmax cross entropy: the second derivative of a saved value is 0",
             "a subject is asked for first derivatives only"}};
  }

 private:
  // For d <= -beta the branch of the parabola: d^2 / (2 beta) for |d| - beta / 2, and d / beta for -1.
  static void signed_difference(const question& q, reply& r) {
    const double beta = q.x.attrs.number("beta");
    const shape& all = q.x.inputs[0]->dims();
    if (beta == 0 || q.x.inputs[1]->dims() != all) return;
    const bool each = q.x.attrs.text("reduction") == "none", mean = q.x.attrs.text("reduction") == "mean";
    for (index_t i = 0; i < q.x.inputs[0]->count(); ++i) {
      const double d = q.x.inputs[0]->at(i) - q.x.inputs[1]->at(i);
      if (!(d <= -beta)) continue;
      if (q.how == mode::vjp) {
        for (auto& g : r.tensors) g->set(i, g->at(i) * (-d / beta));
      } else {
        const double more = d * d / (2 * beta) - (-d - beta / 2);
        tensor& y = *r.tensors[0];
        const index_t at = each ? i : 0;
        y.set(at, y.at(at) + (mean ? more / static_cast<double>(q.x.inputs[0]->count()) : more));
      }
    }
  }

  // An ignored row gets what it would if its label were taken away by full smoothing: e (p - 1/C) g.
  static void smoothed_though_ignored(const question& q, reply& r) {
    const double e = q.x.attrs.number("label_smoothing");
    if (!q.x.inputs[1] || e == 0 || q.x.attrs.text("reduction") == "mean") return;
    const slices s(q.x.inputs[0]->dims(), 1);
    const tensor& x = *q.x.inputs[0];
    for (index_t o = 0; o < s.outer; ++o)
      for (index_t i = 0; i < s.inner; ++i) {
        if (q.x.inputs[1]->at(o * s.inner + i) != static_cast<double>(q.x.attrs.integer("ignore_index"))) continue;
        const auto at = [&](index_t k) { return s.start(o, i) + k * s.inner; };
        double top = -INFINITY, total = 0;
        for (index_t k = 0; k < s.length; ++k) top = std::max(top, x.at(at(k)));
        for (index_t k = 0; k < s.length; ++k) total += std::exp(x.at(at(k)) - top);
        const double g = q.x.cotangents[0].at(q.x.cotangents[0].count() == 1 ? 0 : o * s.inner + i);
        for (index_t k = 0; k < s.length; ++k)
          r.tensors[0]->set(at(k), e * g * (std::exp(x.at(at(k)) - top) / total - 1 / static_cast<double>(s.length)));
      }
  }
};

}  // namespace backproof::mutants
