// ReduceLogSum over any axes.
//
//   y    = log sum x_i
//   dx_i = g / sum x_i
//
// Smooth where the sum is positive; elsewhere there is no derivative, and any gradient is right. Where the sum is near
// 1 log keeps its absolute accuracy only. Source: ONNX ReduceLogSum-18, with axes as an attribute.
#pragma once

#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_log_sum : reduction::frame<reduce_log_sum> {
  static constexpr op_info info{.name = "reduce_log_sum",
                                .onnx = "ReduceLogSum",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = log sum x_i",
                                .vjp = "dx_i = g / sum x_i",
                                .source = "ONNX ReduceLogSum-18"};

  static void draw(sampler& s) {
    const domain where = s.choose({domain{.low = 0.03125, .high = 12}, domain{.low = 1.25, .high = 100}});
    s.input(reduction::draw(s), where);
  }

  template <scalar S>
  static S total(const std::vector<S>& x) {
    sum<S> all;
    for (const S& one : x) all += one;
    return all.value();
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    return math::log(total(x));
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    const S all = total(x);
    return std::vector<S>(x.size(), S(0) < all ? g / all : S(std::numeric_limits<double>::quiet_NaN()));
  }
};

}  // namespace backproof::ops
