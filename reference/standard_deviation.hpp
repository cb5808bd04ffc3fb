// Standard deviation over any axes.
//
//   y    = sqrt(sum (x_i - m)^2 / (n - c)),   m the mean of the group, c the correction
//   dx_i = g (x_i - m) / ((n - c) y), 0 where y = 0
//
// Kink where all elements of a group are equal: the subgradients are g P u / sqrt(n - c) with any u of norm at most 1,
// P taking the mean away, and the reference takes 0. In two passes, as variance is. There is no value for n <= c.
// Source: torch.std, with ONNX's axes and keepdims.
#pragma once

#include "frames/moments.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct standard_deviation : reduction::frame<standard_deviation> {
  static constexpr op_info info{.name = "standard_deviation",
                                .signature = "data -> reduced",
                                .formula = "y = sqrt(sum (x_i - m)^2 / (n - c)), m the mean",
                                .vjp = "dx_i = g (x_i - m) / ((n - c) y), 0 where y = 0",
                                .source = "torch.std"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(0)};

  static void draw(sampler& s) {
    s.attribute("correction", s.choose<index_t>({1, 0}));
    const domain where = s.choose({domain{.kinks = {0.375}}, domain{.low = 96, .high = 104, .kinks = {97.5}}});
    s.input(reduction::draw(s, {.noop = false, .least_length = 2}), where);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    moments::check_correction(a);
    return frame::infer(a, in);
  }

  template <class S>
  static bool constant(const std::vector<S>& x) {
    return std::all_of(x.begin(), x.end(), [&](const S& one) { return one == x[0]; });
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes& a) {
    return math::sqrt(moments::variance(x, a));
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
    std::vector<S> dx = moments::centred(x);
    const S n = moments::degrees_of_freedom(x, a), y = value(x, a);
    // Of equal elements 0, written so that it is no number where the mean overflows.
    const bool equal = constant(x) && S(0) < n;
    for (S& one : dx) one = equal ? one - one : g * (one / (n * y));  // NOLINT(misc-redundant-expression)
    return dx;
  }

  static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g, const attributes& a,
                   subdifferential& s) {
    const real n = moments::degrees_of_freedom(x, a);
    if (constant(x) && real(0) < n) s.ball(at, 2, g / backproof::sqrt(n));
  }

  struct one_pass : reduction::frame_forward<one_pass>, reduction::frame_vjp<one_pass> {
    static constexpr variant_info info{.name = "E[x^2]-E[x]^2",
                                       .loss = "cancels where the mean is large compared with the deviation"};
    template <scalar S>
    static S value(const std::vector<S>& x, const attributes& a) {
      return math::sqrt(moments::one_pass_variance(x, a));
    }
    template <scalar S>
    static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
      std::vector<S> dx = moments::centred(x);
      const S scale = moments::degrees_of_freedom(x, a) * value(x, a);
      for (S& one : dx) one = g * (one / scale);
      return dx;
    }
  };
  using variants = variant_list<one_pass>;
};

}  // namespace backproof::ops
