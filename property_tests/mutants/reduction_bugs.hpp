// Real bugs of reductions, norms, distances and scans.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"
#include "backproof/op/registry.hpp"
#include "reference/cum_prod.hpp"

namespace backproof::mutants {

struct reduction_bugs {
  static constexpr family_info info{.name = "reduction_bugs", .what = "real bugs of reductions, norms and scans"};

  static std::vector<mutant> all() {
    return {{.name = "norm_nan_at_zero",
             .bug_class = "zero-times-inf",
             .summary = "x / |x| of a zero vector",
             .where = "a vector of zeros",
             .ops = "reduce_l2",
             .wrong =
                 [](const question& q, reply& r) {
                   const tensor n = spread(q, *q.forward().tensors[0]);
                   for (index_t i = 0; i < n.count(); ++i)
                     if (n.at(i) == 0) r.tensors[0]->set(i, std::nan(""));
                 },
             .entry = "R01",
             .cites = "pytorch/pytorch #2421, jax-ml/jax #3058, HIPS/autograd #151"},
            {.name = "projection_under_eps",
             .bug_class = "guard-mismatch",
             .summary = "epsilon has leaked into the projection, where the norm itself is due",
             .where = "a norm below epsilon, p = 2",
             .ops = "normalize",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.attrs.number("p") != 2) return;
                   each_vector(q, [&](const std::vector<index_t>& at) {
                     double square = 0, inner = 0;
                     for (const index_t i : at) {
                       square += q.x.inputs[0]->at(i) * q.x.inputs[0]->at(i);
                       inner += q.x.inputs[0]->at(i) * q.x.cotangents[0].at(i);
                     }
                     const double eps = q.x.attrs.number("eps");
                     if (!(std::sqrt(square) < eps)) return;
                     for (const index_t i : at)
                       r.tensors[0]->set(
                           i, q.x.cotangents[0].at(i) / eps - q.x.inputs[0]->at(i) * inner / (eps * eps * eps));
                   });
                 },
             .entry = "R03",
             .cites = "chainer/chainer #4190"},
            {.name = "normalize_nan_at_zero",
             .bug_class = "guard-mismatch",
             .summary = "the backward pass divides by the norm without epsilon",
             .where = "a vector of zeros",
             .ops = "normalize",
             .wrong =
                 [](const question& q, reply& r) {
                   each_vector(q, [&](const std::vector<index_t>& at) {
                     const bool zero =
                         std::all_of(at.begin(), at.end(), [&](index_t i) { return q.x.inputs[0]->at(i) == 0; });
                     for (const index_t i : at)
                       if (zero) r.tensors[0]->set(i, std::nan(""));
                   });
                 },
             .entry = "R04",
             .cites = "chainer/chainer #4765"},
            {.name = "no_gradient_of_the_largest",
             .bug_class = "stale-parameter",
             .summary = "p = infinity is a case of its own forward, and not backward: |x|^(p-1) / n^(p-1) is 0",
             .where = "p is infinite",
             .ops = "reduce_lp",
             .wrong =
                 [](const question& q, reply& r) {
                   if (std::isinf(q.x.attrs.number("p"))) ways::each(r, [](double) { return 0; });
                 },
             .entry = "R06",
             .cites = "tenstorrent/tt-metal #56248"},
            {.name = "every_tie_gets_all",
             .bug_class = "tie-mass",
             .summary = "the mask x = max gives the whole cotangent to every tied element",
             .where = "ties",
             .ops = "reduce_max",
             .wrong = masked([](double x, double top) { return x == top; }),
             .entry = "R07",
             .cites = "Theano #4568, apache/mxnet #18563, onnxruntime #7217"},
            {.name = "ties_counted_in_f16",
             .bug_class = "low-precision",
             .summary = "ties are counted in f16, which knows no odd integers beyond 2048",
             .where = "more than 2048 ties",
             .ops = "reduce_max",
             .wrong =
                 [](const question& q, reply& r) {
                   const tensor& x = *q.x.inputs[0];
                   if (x.count() <= 2048) return;
                   const format& f = format_of(q.x.type);
                   double counted = 0, ties = 0;
                   for (index_t i = 0; i < x.count(); ++i)
                     if (x.at(i) == x.at(0)) counted = round_to(f, counted + 1), ++ties;
                   ways::each(r, [&](double d) { return d * ties / counted; });
                 },
             .entry = "R09",
             .cites = "tinygrad #12296, PR #15363",
             .dtypes = {dtype::f16},
             .out_of_reach = "a sample has a hundred elements, and this takes two thousand",
             .witness = [](const op& o) { return of_equal_elements(o, 2500); }},
            {.name = "nearly_a_tie",
             .bug_class = "compare-flip",
             .summary = "what is within 0.01 of the maximum counts as the maximum",
             .where = "two values closer than 0.01",
             .ops = "reduce_max",
             .wrong = masked([](double x, double top) { return std::fabs(x - top) < 0.01; }),
             .entry = "R10",
             .cites = "mni-ml/framework PR #22"},
            {.name = "cumprod_nan_from_zero_on",
             .bug_class = "divide-back",
             .summary = "the product of the others is had by dividing, which fails at a zero",
             .where = "a factor of 0",
             .ops = "cum_prod",
             .wrong = ways::vjp(&ops::cum_prod::quotient::vjp<rounded>),
             .entry = "R12",
             .cites = "tensorflow #3862, tracel-ai/burn #3864, pymc-devs/pytensor #1911"},
            {.name = "cumprod_silent_zero",
             .bug_class = "divide-back",
             .summary = "the same with a guarded division: silently 0 at a zero",
             .where = "a factor of 0",
             .ops = "cum_prod",
             .wrong =
                 [](const question& q, reply& r) {
                   for (index_t i = 0; i < r.tensors[0]->count(); ++i)
                     if (q.x.inputs[0]->at(i) == 0) r.tensors[0]->set(i, 0);
                 },
             .entry = "R13",
             .cites = "tensorflow #119430"},
            {.name = "std_nan_of_a_constant",
             .bug_class = "zero-times-inf",
             .summary = "the standard deviation of one number, or of equal ones, has gradient 0 / 0",
             .where = "all elements of a set are equal",
             .ops = "standard_deviation",
             .wrong =
                 [](const question& q, reply& r) {
                   if (const reply y = q.forward(); zero(*y.tensors[0]))
                     ways::each(r, [](double) { return std::nan(""); });
                 },
             .entry = "R15",
             .cites = "tensorflow #56830, pytorch/pytorch #94184"},
            {.name = "std_guarded_backward_only",
             .bug_class = "guard-mismatch",
             .summary = "the backward pass divides by s + 1e-8, the forward pass by s",
             .where = "f64, or a small s",
             .ops = "standard_deviation",
             .wrong =
                 [](const question& q, reply& r) {
                   const reply y = q.forward();
                   double least = INFINITY;
                   for (index_t i = 0; i < y.tensors[0]->count(); ++i) least = std::min(least, y.tensors[0]->at(i));
                   ways::each(r, [&](double d) { return d * (least / (least + 1e-8)); });
                 },
             .entry = "R16",
             .cites = "Lightning-AI/lightning-thunder PR #1848",
             .dtypes = {dtype::f64}},
            {.name = "logaddexp_from_its_output",
             .bug_class = "cancel",
             .summary = "exp(a - y) from the rounded output",
             .where = "large and close inputs",
             .ops = "logaddexp",
             .wrong =
                 [](const question& q, reply& r) {
                   const reply y = q.forward();
                   const shape& all = q.x.cotangents[0].dims();
                   for (std::size_t k = 0; k < 2; ++k) {
                     const broadcasting from(q.x.inputs[k]->dims(), all);
                     std::vector<double> d(static_cast<std::size_t>(q.x.inputs[k]->count()));
                     for (index_t i = 0; i < q.x.cotangents[0].count(); ++i)
                       d[static_cast<std::size_t>(from(i))] +=
                           q.x.cotangents[0].at(i) * std::exp(q.x.inputs[k]->at(from(i)) - y.tensors[0]->at(i));
                     for (index_t i = 0; i < q.x.inputs[k]->count(); ++i)
                       r.tensors[k]->set(i, d[static_cast<std::size_t>(i)]);
                   }
                 },
             .entry = "R18",
             .cites = "stan-dev/math #1679"},
            {.name = "logsumexp_summed_in_f16",
             .bug_class = "low-precision",
             .summary = "the exponentials are summed up in f16, where the sum stops growing at 2048",
             .where = "more than 2048 equal terms",
             .ops = "reduce_log_sum_exp",
             .wrong =
                 [](const question& q, reply& r) {
                   const index_t n = q.x.inputs[0]->count();
                   if (n <= 2048) return;
                   const format& f = format_of(q.x.type);
                   double total = 0;
                   for (index_t i = 0; i < n; ++i) total = round_to(f, total + 1);
                   ways::each(r, [&](double d) { return d * static_cast<double>(n) / total; });
                 },
             .entry = "R19",
             .cites = "google-research/last PR #43",
             .dtypes = {dtype::f16},
             .out_of_reach = "a sample has a hundred elements, and this takes two thousand",
             .witness = [](const op& o) { return of_equal_elements(o, 2500); }},
            {.name = "distance_not_divided",
             .bug_class = "scale",
             .summary = "the difference is not divided by its norm",
             .where = "p = 2",
             .ops = "pairwise_distance",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.attrs.number("p") != 2) return;
                   const reply y = q.forward();
                   sample other = q.x;
                   for (index_t i = 0; i < other.cotangents[0].count(); ++i)
                     other.cotangents[0].set(i, other.cotangents[0].at(i) * y.tensors[0]->at(i));
                   if (auto wrong = ways::instead(q, other, r)) r = *wrong;
                 },
             .entry = "R22",
             .cites = "torch/DEPRECEATED-torch7-distro #48"}};
  }

 private:
  static bool zero(const tensor& t) {
    bool all = t.count() > 0;
    for (index_t i = 0; i < t.count(); ++i) all = all && t.at(i) == 0;
    return all;
  }

  template <class F>  // visit(positions of one vector)
  static void each_vector(const question& q, F visit) {
    const slices s(q.x.inputs[0]->dims(), q.x.attrs.integer("axis"));
    for (index_t o = 0; o < s.outer; ++o)
      for (index_t i = 0; i < s.inner; ++i) {
        std::vector<index_t> at;
        for (index_t k = 0; k < s.length; ++k) at.push_back(s.start(o, i) + k * s.inner);
        visit(at);
      }
  }

  // A reduced tensor put where its elements came from: the VJP of a sum over the same axes.
  static tensor spread(const question& q, const tensor& reduced) {
    op sum = q.o;
    sum.rounded_kernels.vjp = find_op("reduce_sum")->rounded_kernels.vjp;
    sample x = q.x;
    x.cotangents[0] = reduced;
    return *q.honest.run(mode::vjp, sum, x).tensors[0];
  }

  // Every element that the mask takes for the maximum gets the whole cotangent: found by asking for each output alone.
  template <class F>
  static std::function<void(const question&, reply&)> masked(F mask) {
    return [mask](const question& q, reply& r) {
      const tensor& x = *q.x.inputs[0];
      const tensor g = spread(q, q.x.cotangents[0]), top = spread(q, *q.forward().tensors[0]);
      for (index_t i = 0; i < x.count(); ++i)
        if (std::isfinite(x.at(i))) r.tensors[0]->set(i, mask(x.at(i), top.at(i)) ? g.at(i) : 0);
    };
  }

  static sample of_equal_elements(const op& o, index_t n) {
    sample x = draw_sample(o, dtype::f16, 1, 0);
    for (const auto& [name, value] : attributes(x.attrs))
      if (name == "axes") x.attrs.set(name, std::vector<index_t>{0});
    x.inputs = {tensor(dtype::f16, {n})};
    x.tangents = x.inputs;
    const shape y = o.infer(x.attrs, x.input_shapes())[0];
    x.cotangents = {tensor(dtype::f16, y)};
    for (index_t i = 0; i < x.cotangents[0].count(); ++i) x.cotangents[0].set(i, 512);
    return x;
  }
};

}  // namespace backproof::mutants
