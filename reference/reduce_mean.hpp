// ReduceMean over any axes.
//
//   y    = (sum of the group) / n
//   dx_i = g / n
//
// Linear, smooth everywhere; dx adds up to the sum of g. The mean over no elements is 0 / 0.
// Source: ONNX ReduceMean-18, with axes as an attribute.
#pragma once

#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_mean : reduction::frame<reduce_mean> {
  static constexpr op_info info{.name = "reduce_mean",
                                .onnx = "ReduceMean",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = (sum of the group) / n",
                                .vjp = "dx_i = g / n",
                                .source = "ONNX ReduceMean-18"};
  static constexpr law laws[] = {law::linear(), law::shift(1), law::norm(1)};

  static void draw(sampler& s) { s.input(reduction::draw(s)); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    sum<S> total;
    for (const S& one : x) total += one;
    return total.value() / S(static_cast<int>(x.size()));
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    return std::vector<S>(x.size(), x.empty() ? g : g / S(static_cast<int>(x.size())));
  }
};

}  // namespace backproof::ops
