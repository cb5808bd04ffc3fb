// Real bugs of elementwise ops.
#pragma once

#include <cmath>
#include <limits>

#include "backproof/mutation/ways.hpp"
#include "reference/pow.hpp"

namespace backproof::mutants {

struct elementwise_bugs {
  static constexpr family_info info{.name = "elementwise_bugs", .what = "real bugs of elementwise ops"};

  static std::vector<mutant> all() {
    using ways::at;
    using ways::elementwise;
    static const std::vector<dtype> any = {dtype::f64, dtype::f32, dtype::bf16, dtype::f16};
    static const std::vector<dtype> short_ones = {dtype::bf16, dtype::f16};
    return {
        {.name = "softplus_dead_at_zero",
         .bug_class = "guard-mismatch",
         .summary = "the stable form is differentiated by parts, which cancel at 0",
         .where = "x = 0",
         .ops = "softplus",
         .wrong = elementwise([](const at& e) { return e.x == 0 ? 0 : e.right; }),
         .entry = "E01",
         .cites = "jax-ml/jax #2107"},
        {.name = "sigmoid_from_its_output",
         .bug_class = "cancel",
         .summary = "s (1 - s) from the rounded output, which is 0 as soon as s is 1",
         .where = "large x",
         .ops = "sigmoid",
         .wrong = elementwise([](const at& e) {
           const double s = e.rounded(1 / (1 + std::exp(-e.x)));
           return e.g * e.rounded(s * e.rounded(1 - s));
         }),
         .entry = "E03",
         .cites = "tenstorrent/tt-metal #55724, pytorch/pytorch #195681",
         .dtypes = any},
        {.name = "tanh_from_its_output",
         .bug_class = "cancel",
         .summary = "1 - y y from the rounded output, which is 0 as soon as y is 1",
         .where = "large |x|",
         .ops = "tanh",
         .wrong = elementwise([](const at& e) {
           const double y = e.rounded(std::tanh(e.x));
           return e.g * e.rounded(1 - e.rounded(y * y));
         }),
         .entry = "E04",
         .cites = "tenstorrent/tt-metal #35885, pytorch/pytorch #195527",
         .dtypes = any},
        {.name = "gelu_tail_cancels",
         .bug_class = "cancel",
         .summary = "1 + erf cancels in the negative tail, so that even the sign is lost",
         .where = "x < -3, approximate none",
         .ops = "gelu",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.attrs.text("approximate") != "none") return;
               elementwise([](const at& e) {
                 const double cdf = e.rounded(0.5 * e.rounded(1 + e.rounded(std::erf(e.x / std::sqrt(2.0)))));
                 const double pdf = e.rounded(std::exp(-e.x * e.x / 2) / std::sqrt(2 * std::acos(-1.0)));
                 return e.g * e.rounded(cdf + e.rounded(e.x * pdf));
               })(q, r);
             },
         .entry = "E06",
         .cites = "tenstorrent/tt-metal #38643",
         .dtypes = any},
        {.name = "softplus_zero_where_exp_overflows",
         .bug_class = "cancel",
         .summary = "exp(x) / (1 + exp(x)) with an exp that overflows: infinity times its reciprocal is taken for 0",
         .where = "beta x beyond the logarithm of the largest number, below the threshold",
         .ops = "softplus",
         .wrong = elementwise([](const at& e) {
           const double t = e.a.number("beta") * e.x;
           return t <= e.a.number("threshold") && t > std::log(e.f.largest()) ? 0 : e.right;
         }),
         .entry = "E07",
         .cites = "tenstorrent/tt-metal PR #56397"},
        {.name = "hard_swish_wrong_at_its_knees",
         .bug_class = "compare-flip",
         .summary = "the wrong branch at x = -3 and 3, and 0.3333 for 1/3",
         .where = "|x| <= 3",
         .ops = "hard_swish",
         .wrong = elementwise([](const at& e) { return e.x < -3   ? 0
                                                       : e.x <= 3 ? e.g * (0.3333 * e.x + 0.5)
                                                                  : e.g; }),
         .entry = "E09",
         .cites = "tenstorrent/tt-metal #55291"},
        {.name = "hard_sigmoid_leaks_below",
         .bug_class = "compare-flip",
         .summary = "the gradient passes the saturated side below",
         .where = "x left of both knees",
         .ops = "hard_sigmoid",
         .wrong = elementwise([](const at& e) {
           const double a = e.a.number("alpha"), b = e.a.number("beta");
           return a * e.x + b < 0 && e.x < 0 ? e.g * a : e.right;
         }),
         .entry = "E10",
         .cites = "pytorch/pytorch #51408"},
        {.name = "hardtanh_bound_in_bf16",
         .bug_class = "low-precision",
         .summary = "the bound is rounded to bf16 before it is compared: elements at the rounded bound are dead",
         .where = "a bound that bf16 does not represent, x at the rounded bound",
         .ops = "hardtanh",
         .wrong = elementwise(inside_rounded_bounds),
         .entry = "E12",
         .cites = "pytorch/pytorch #185472, intel/torch-xpu-ops PR #3873",
         .dtypes = {dtype::bf16},
         .out_of_reach = "the bounds that are drawn are numbers of every format",
         .witness = [](const op& o) { return at_rounded_bound(o, dtype::bf16); }},
        {.name = "clip_bound_in_f16",
         .bug_class = "low-precision",
         .summary = "the bound makes a round trip through f16, though the comparison is in f32",
         .where = "a bound that f16 does not represent, x at the rounded bound",
         .ops = "hardtanh",
         .wrong = elementwise(inside_rounded_bounds),
         .entry = "Y05",
         .cites = "apache/mxnet #15688",
         .dtypes = {dtype::f16},
         .out_of_reach = "the bounds that are drawn are numbers of every format",
         .witness = [](const op& o) { return at_rounded_bound(o, dtype::f16); }},
        {.name = "relu6_shares_at_its_knees",
         .bug_class = "tie-mass",
         .summary = "built from min and max, it has slope 1/2 at 0 and 6, though it declares 0",
         .where = "x = 0 or 6, and a declared convention",
         .ops = "relu6",
         .wrong = elementwise([](const at& e) { return e.x == 0 || e.x == 6 ? 0.5 * e.g : e.right; }),
         .entry = "E13",
         .cites = "tinygrad/tinygrad PR #18029, jax-ml/jax PR #14840",
         .declares = "slope 0"},
        {.name = "clip_with_two_tensors_is_dead",
         .bug_class = "compare-flip",
         .summary = "with both bounds given as tensors the comparisons are turned round: no element passes",
         .where = "both bounds are given",
         .ops = "clip",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.inputs[1] && q.x.inputs[2]) elementwise([](const at&) { return 0.0; })(q, r);
             },
         .entry = "E15",
         .cites = "tenstorrent/tt-metal #48201"},
        {.name = "leaky_relu_mask_from_output",
         .bug_class = "mask-from-output",
         .summary = "the branch is told from the output, whose sign a negative slope has turned",
         .where = "alpha < 0",
         .ops = "leaky_relu",
         .wrong = elementwise([](const at& e) {
           const double a = e.a.number("alpha"), y = e.x > 0 ? e.x : a * e.x;
           return y > 0 ? e.g : a < 0 ? a * e.g : e.right;
         }),
         .entry = "E16",
         .cites = "pytorch/pytorch #31938"},
        {.name = "leaky_relu_default_slope",
         .bug_class = "stale-parameter",
         .summary = "the backward pass takes the default slope, whatever the forward pass took",
         .where = "x < 0, alpha not the default",
         .ops = "leaky_relu",
         .wrong = elementwise([](const at& e) { return e.x < 0 ? static_cast<double>(0.01f) * e.g : e.right; }),
         .entry = "E18",
         .cites = "deeplearning4j #8178"},
        {.name = "pow_exponent_nan_at_zero",
         .bug_class = "zero-times-inf",
         .summary = "0 times log 0 in the gradient of the exponent",
         .where = "a base of 0",
         .ops = "pow",
         .wrong = ways::vjp(&exponent_nan_at_zero::vjp<rounded>),
         .entry = "E19",
         .cites = "pytorch/pytorch #27134, tinygrad #155"},
        {.name = "pow_base_infinite_below_zero",
         .bug_class = "compare-flip",
         .summary = "every base that is not positive has an infinite gradient",
         .where = "a base of 0 or less",
         .ops = "pow",
         .wrong = ways::vjp(&base_infinite_below_zero::vjp<rounded>),
         .entry = "E21",
         .cites = "tenstorrent/tt-metal #56383, #54439"},
        {.name = "pow_zeroth_power_nan_at_zero",
         .bug_class = "zero-times-inf",
         .summary = "0 times 0^-1: the case of a zeroth power is missing",
         .where = "0^0",
         .ops = "pow",
         .wrong = ways::vjp(&zeroth_power_nan::vjp<rounded>),
         .entry = "E22",
         .cites = "tenstorrent/tt-metal #5082"},
        {.name = "atanh_nan_for_zero_cotangent",
         .bug_class = "zero-times-inf",
         .summary = "a guard makes NaN of every element with a cotangent of 0",
         .where = "a cotangent of 0",
         .ops = "atanh",
         .wrong = elementwise([](const at& e) { return e.g == 0 && e.x != 0 ? std::nan("") : e.right; }),
         .entry = "E25",
         .cites = "tenstorrent/tt-metal #55290, #56378"},
        {.name = "max_of_equal_infinities",
         .bug_class = "compare-flip",
         .summary = "the larger one is found by a difference, which is NaN for equal infinities: neither gets anything",
         .where = "inputs that are the same infinity",
         .ops = "max min",
         .wrong =
             [](const question& q, reply& r) {
               const reply y = q.forward();
               const tensor& top = *y.tensors[0];
               for (std::size_t k = 0; k < r.tensors.size(); ++k)
                 for (index_t i = 0; r.tensors[k] && i < r.tensors[k]->count(); ++i)
                   if (r.tensors[k]->dims() == top.dims() && std::isinf(top.at(i)) && ties(q.x, i) > 1)
                     r.tensors[k]->set(i, 0);
             },
         .entry = "E27",
         .cites = "tenstorrent/tt-metal #54562"},
        {.name = "relu_half_at_zero_and_subnormals",
         .bug_class = "tie-mass",
         .summary = "built from maximum, it has slope 1/2 at 0, and at subnormal numbers, which are flushed",
         .where = "positive subnormal x",
         .ops = "relu",
         .wrong = elementwise([](const at& e) { return std::fabs(e.x) < e.f.smallest() ? 0.5 * e.g : e.right; }),
         .entry = "E28",
         .cites = "jax-ml/jax #37821",
         .declares = "slope 0"},
        {.name = "abs_nan_at_zero",
         .bug_class = "zero-times-inf",
         .summary = "x / |x| at 0",
         .where = "x = 0",
         .ops = "abs",
         .wrong = elementwise([](const at& e) { return e.x == 0 ? std::nan("") : e.right; }),
         .entry = "E30",
         .cites = "autodiff/autodiff #130"},
        {.name = "squared_difference_ignores_g",
         .bug_class = "drop-g",
         .summary = "the gradients are the inputs themselves",
         .where = "reduction none",
         .ops = "mse_loss",
         .wrong =
             [](const question& q, reply& r) {
               if (q.x.attrs.text("reduction") != "none") return;
               for (std::size_t k = 0; k < r.tensors.size(); ++k)
                 for (index_t i = 0; r.tensors[k] && i < r.tensors[k]->count(); ++i)
                   r.tensors[k]->set(i, q.x.inputs[k]->at(i));
             },
         .entry = "E36",
         .cites = "SciSharp/TensorFlow.NET #787"},
        {.name = "dropout_mask_by_division",
         .bug_class = "divide-back",
         .summary = "the mask is recovered as y / x, and taken for 1 where x is 0",
         .where = "x = 0, and the element was dropped",
         .ops = "dropout",
         .wrong = [](const question& q,
                     reply& r) { elementwise([](const at& e) { return e.x == 0 ? e.g : e.right; })(q, r); },
         .entry = "E39",
         .cites = "kaldi-asr/kaldi #3890"},
        {.name = "second_term_without_g",
         .bug_class = "drop-g",
         .summary = "of the two terms of the derivative, the cotangent multiplies only the first",
         .where = "a cotangent that is not 1",
         .ops = "swish",
         .wrong = elementwise([](const at& e) {
           const double t = e.a.number("alpha") * e.x, s = 1 / (1 + std::exp(-t));
           return e.g * s + t * s * (1 - s);
         }),
         .entry = "E40",
         .cites = "stan-dev/math #1569"}};
  }

  static std::vector<not_planted> left_out() {
    return {{"E31", "ml-explore/mlx #3668, tinygrad #12409", "sqrt: 0 / 0 where x and the cotangent are 0",
             "the slope at 0 is infinite, and infinity times a cotangent of 0 has no value: any answer is as good"},
            {"E33", "seantalts/stanli #144, #150", "sqrt and pow: an infinite slope at 0 meets a zero upstream",
             "the infinite slope is the limit, and right; only in a chain of ops does it do harm"},
            {"D02", "tensorflow #124830, #124831", "elu, selu: the second derivative at tiny negative x",
             "a subject is asked for first derivatives only"},
            {"D03", "pytorch/pytorch #195682, tensorflow PR #126824, #126628", "silu: tails of the second derivative",
             "a subject is asked for first derivatives only"}};
  }

 private:
  struct exponent_nan_at_zero : elementwise::binary_vjp<exponent_nan_at_zero> {
    template <scalar S>
    static std::array<S, 2> pull(const S& x, const S& y, const S& g, const attributes& a) {
      return {ops::pow::pull_base(x, y, g, a), g * (ops::pow::value(x, y, a) * math::log(x))};
    }
  };
  struct base_infinite_below_zero : elementwise::binary_vjp<base_infinite_below_zero> {
    template <scalar S>
    static std::array<S, 2> pull(const S& x, const S& y, const S& g, const attributes& a) {
      const S base = x <= S(0) ? S(std::numeric_limits<double>::infinity()) : ops::pow::pull_base(x, y, g, a);
      return {base, ops::pow::pull_exponent(x, y, g, a)};
    }
  };
  struct zeroth_power_nan : elementwise::binary_vjp<zeroth_power_nan> {
    template <scalar S>
    static std::array<S, 2> pull(const S& x, const S& y, const S& g, const attributes& a) {
      const S base = y == S(0) ? g * (y * ops::pow::value(x, y - S(1), a)) : ops::pow::pull_base(x, y, g, a);
      return {base, ops::pow::pull_exponent(x, y, g, a)};
    }
  };

  static double inside_rounded_bounds(const ways::at& e) {
    const bool inside = e.rounded(e.a.number("min_val")) < e.x && e.x < e.rounded(e.a.number("max_val"));
    return inside || e.right == 0 ? e.right : 0;
  }

  // Of 0.7 the nearest number in bf16 and f16 is smaller, and so inside.
  static sample at_rounded_bound(const op& o, dtype t) {
    sample x = draw_sample(o, t, 1, 0);
    const double bound = t == dtype::bf16 ? 0.7 : 0.7003;
    x.attrs.set("min_val", -bound);
    x.attrs.set("max_val", bound);
    x.inputs = {tensor(t, {3}, std::vector<double>{0.25, round_to(format_of(t), bound), 2})};
    x.cotangents = {tensor(t, {3}, std::vector<double>{1.5, -3, 1})};
    x.tangents = {x.cotangents[0]};
    return x;
  }

  static int ties(const sample& x, index_t i) {
    int n = 0;
    for (const auto& one : x.inputs)
      n += one && one->dims() == x.cotangents[0].dims() && one->at(i) == x.inputs[0]->at(i);
    return n;
  }
};

}  // namespace backproof::mutants
