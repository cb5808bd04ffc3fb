// ReduceLogSumExp over any axes: the smooth maximum.
//
//   y    = m + log sum exp(x_i - m),   m = max x_i
//   dx_i = g p_i,   p_i = exp(x_i - m) / sum_j exp(x_j - m)
//
// Smooth everywhere; without m, exp overflows. dx adds up to g, which exp(x_i - y) misses as soon as y is large and
// rounded: by a factor of 2 at 1e16 in f64. Limits: y is infinite where m is; if all elements are -inf, the limit of dx
// depends on the direction, and the reference takes 0.
// Source: ONNX ReduceLogSumExp-18, with axes as an attribute.
#pragma once

#include "frames/norm.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_log_sum_exp : reduction::frame<reduce_log_sum_exp> {
  static constexpr op_info info{.name = "reduce_log_sum_exp",
                                .onnx = "ReduceLogSumExp",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = m + log sum exp(x_i - m), m = max x_i",
                                .vjp = "dx_i = g exp(x_i - m) / sum_j exp(x_j - m)",
                                .source = "ONNX ReduceLogSumExp-18"};
  static constexpr law laws[] = {law::shift(1), law::norm(1)};

  static void draw(sampler& s) {
    const domain where = s.choose({domain{}, domain{.low = 200, .high = 216}, domain{.low = -220, .high = -204}});
    s.input(reduction::draw(s), where);
  }

  template <class S>
  static bool infinite(const S& m) {
    return norm::unscalable(m) && !(m == S(0));
  }

  template <scalar S>
  static S largest(const std::vector<S>& x) {
    S m = x.empty() ? S(-std::numeric_limits<double>::infinity()) : x[0];
    for (const S& one : x) m = one == one ? math::max(m, one) : one;
    return m;
  }

  template <scalar S>
  static S total(const std::vector<S>& x, const S& m) {
    sum<S> all;
    for (const S& one : x) all += math::exp(one - m);
    return all.value();
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    const S m = largest(x);
    return infinite(m) ? m : m + math::log(total(x, m));
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    const S m = largest(x);
    std::vector<S> dx(x.size(), S(0));
    if (infinite(m)) {
      const int ties = static_cast<int>(std::count(x.begin(), x.end(), m));
      for (std::size_t i = 0; S(0) < m && i < x.size(); ++i)
        if (x[i] == m) dx[i] = g / S(ties);
      return dx;
    }
    const S all = total(x, m);
    for (std::size_t i = 0; i < x.size(); ++i) dx[i] = g * (math::exp(x[i] - m) / all);
    return dx;
  }

  struct from_output : reduction::frame_vjp<from_output> {
    static constexpr variant_info info{
        .name = "exp(x-y)", .loss = "y is rounded to the spacing of numbers around m", .keeps_sign = true};
    template <scalar S>
    static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
      std::vector<S> dx;
      const S y = value(x, a);
      for (const S& one : x) dx.push_back(g * math::exp(one - y));
      return dx;
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
