// ReduceSumSquare over any axes.
//
//   y    = sum x_i^2
//   dx_i = 2 g x_i
//
// Smooth everywhere. 2 x overflows where dx does not, so the order of its factors is left open.
// Source: ONNX ReduceSumSquare-18, with axes as an attribute.
#pragma once

#include "frames/product.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_sum_square : reduction::frame<reduce_sum_square> {
  static constexpr op_info info{.name = "reduce_sum_square",
                                .onnx = "ReduceSumSquare",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = sum x_i^2",
                                .vjp = "dx_i = 2 g x_i",
                                .source = "ONNX ReduceSumSquare-18"};
  static constexpr law laws[] = {law::homogeneous(2)};

  static void draw(sampler& s) { s.input(reduction::draw(s)); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    sum<S> total;
    for (const S& one : x) total.add_product(one, one);
    return total.value();
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    std::vector<S> dx;
    for (const S& one : x) dx.push_back(product<S>({S(2), one, g}));
    return dx;
  }
};

}  // namespace backproof::ops
