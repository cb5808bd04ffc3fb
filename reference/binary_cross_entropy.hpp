// Cross entropy between probabilities p and targets t, elementwise.
//
//   l  = -w (t max(log p, -100) + (1 - t) max(log(1 - p), -100))
//   loss = l (none), sum l (sum), or sum l / N (mean)
//   dp = g w ((1 - t) / (1 - p) - t / p),   without the part whose logarithm is held at -100
//   dt = -g w (max(log p, -100) - max(log(1 - p), -100)),   g the cotangent of the element's l
//
// Weights broadcast to the shape of p; without them, w is 1. log(1 - p) is log1p(-p), for 1 - p has lost the digits of
// a small p. Kink where log p = -100: the part of p is anything between -w t / p and nothing. From there to 0, and at
// p = 1, the part that is held has no slope. The gradients in use have a plateau at 1e12 instead, far above that kink,
// and so digits are lost below p = 1e-12; they are variants.
// Source: THNN BCECriterion; torch.nn.functional.binary_cross_entropy; logistic cost of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct binary_cross_entropy : loss::pointwise<binary_cross_entropy, 3> {
  static constexpr op_info info{.name = "binary_cross_entropy",
                                .signature = "input, target, weight?~ -> loss",
                                .formula = "l = -w (t max(log p, -100) + (1-t) max(log(1-p), -100))",
                                .vjp = "dp = g w ((1-t)/(1-p) - t/p), dt = -g w (log p - log(1-p))",
                                .source = "THNN BCECriterion, torch.nn.functional.binary_cross_entropy"};
  static constexpr law laws[] = {law::linear_in(1)};

  // A difference of 2^-56 must be small against p, so the smallest p are left to the profile for kinks.
  static void draw(sampler& s) {
    const shape all = s.dims(0, 3);
    loss::draw_reduction(s);
    s.input(all, s.choose({domain{.low = 0.0625, .high = 0.9375, .kinks = {0x1p-70, exp_minus_100}},
                           domain{.low = 0x1p-14, .high = 0x1p-8, .kinks = {0x1p-100, exp_minus_100}},
                           domain{.low = 0.9375, .high = 1 - 0x1p-7, .kinks = {1 - 0x1p-20, 1 - 0x1p-40}}}));
    s.input(all, s.choose({domain{.low = 0, .high = 1}, domain{.only = {0, 1}}}));
    if (s.choose({false, true}))
      s.input(elementwise::drawn_operand(s, all), {.low = 0.125, .high = 4});
    else
      s.absent();
  }

  // max(log q, -100), from log q.
  template <scalar S>
  static S held(const S& log_q) {
    return math::max(log_q, S(-100));
  }

  template <scalar S>
  static S value(const std::array<S, 3>& x, const attributes&) {
    const auto& [p, t, w] = x;
    return -w * (t * held(math::log(p)) + (S(1) - t) * held(math::log1p(-p)));
  }

  // The derivative of t max(log q, -100); NaN where there is no logarithm.
  template <scalar S>
  static S slope(const S& t, const S& q, const S& log_q) {
    if (S(-100) < log_q) return t / q;
    return log_q == log_q ? S(0) : log_q;
  }

  template <scalar S>
  static S dt(const std::array<S, 3>& x, const S& g) {
    const auto& [p, t, w] = x;
    return g * w * (held(math::log1p(-p)) - held(math::log(p)));
  }

  template <scalar S>
  static std::array<S, 3> pull(const std::array<S, 3>& x, const S& g, const attributes&) {
    const auto& [p, t, w] = x;
    const S zero = slope(S(1) - t, S(1) - p, math::log1p(-p)), one = slope(t, p, math::log(p));
    return {g * w * (zero - one), dt(x, g), S(0)};
  }

  static void kink(const std::array<real, 3>& x, const attributes&, loss::element& e) {
    const auto& [p, t, w] = x;
    const real log_p = math::log(p);
    if (!e.s.near(log_p + real(100), 200)) return;  // a logarithm of -100 may be off by 8 units of 100
    e.s.interval(e.at[0], -1, 0, real(-100) < log_p ? -1 : 0, e.g * w * t / p);
  }

  // Where it is in use, it is a number of single precision.
  template <scalar S>
  static S epsilon() {
    return S(static_cast<double>(1e-12F));
  }

  struct clamped_denominator : loss::pointwise_vjp<clamped_denominator, 3> {
    static constexpr variant_info info{.name = "(p-t)/max(p(1-p),1e-12)",
                                       .loss = "a plateau at 1e12 where p or 1-p is below 1e-12",
                                       .keeps_sign = true};
    template <scalar S>
    static std::array<S, 3> pull(const std::array<S, 3>& x, const S& g, const attributes&) {
      const auto& [p, t, w] = x;
      return {g * w * (p - t) / math::max(p * (S(1) - p), epsilon<S>()), dt(x, g), S(0)};
    }
  };
  struct padded_denominator : loss::pointwise_vjp<padded_denominator, 3> {
    static constexpr variant_info info{.name = "(p-t)/((1-p+1e-12)(p+1e-12))",
                                       .loss = "off by 1e-12 / p and 1e-12 / (1-p), and no more than 1e12",
                                       .keeps_sign = true};
    template <scalar S>
    static std::array<S, 3> pull(const std::array<S, 3>& x, const S& g, const attributes&) {
      const auto& [p, t, w] = x;
      return {g * w * (p - t) / ((S(1) - p + epsilon<S>()) * (p + epsilon<S>())), dt(x, g), S(0)};
    }
  };
  struct log_of_difference : loss::pointwise<log_of_difference, 3> {
    static constexpr variant_info info{.name = "log(1-p)", .loss = "1-p has lost the digits of a small p"};
    template <scalar S>
    static S value(const std::array<S, 3>& x, const attributes&) {
      const auto& [p, t, w] = x;
      return -w * (t * held(math::log(p)) + (S(1) - t) * held(math::log(S(1) - p)));
    }
    template <scalar S>
    static std::array<S, 3> pull(const std::array<S, 3>& x, const S& g, const attributes& a) {
      const auto& [p, t, w] = x;
      const S dp = binary_cross_entropy::pull(x, g, a)[0];
      return {dp, g * w * (held(math::log(S(1) - p)) - held(math::log(p))), S(0)};
    }
  };
  using variants = variant_list<clamped_denominator, padded_denominator, log_of_difference>;

 private:
  static constexpr double exp_minus_100 = 0x1.a8c1f14e2af5dp-145;
};

}  // namespace backproof::ops
