// ReduceL1 over any axes: the sum of magnitudes.
//
//   y    = sum |x_i|
//   dx_i = g sgn x_i
//
// Kinks at x_i = 0: anything in g [-1, 1] is a subgradient, and the reference takes 0. dx is selected, never
// multiplied. Source: ONNX ReduceL1-18, with axes as an attribute.
#pragma once

#include "frames/norm.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_l1 : reduction::frame<reduce_l1> {
  static constexpr op_info info{.name = "reduce_l1",
                                .onnx = "ReduceL1",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = sum |x_i|",
                                .vjp = "dx_i = g sgn x_i",
                                .source = "ONNX ReduceL1-18"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) { s.input(reduction::draw(s), {.kinks = {0}}); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    return norm::absolute_sum(x);
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    std::vector<S> dx;
    for (const S& one : x) dx.push_back(norm::with_sign(one, g));
    return dx;
  }

  static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g, const attributes&,
                   subdifferential& s) {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] == real(0)) s.interval(at[i], -1, 1, 0, g);
  }
};

}  // namespace backproof::ops
