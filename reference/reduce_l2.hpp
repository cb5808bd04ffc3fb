// ReduceL2 over any axes: the Euclidean norm.
//
//   y    = m sqrt(sum (x_i / m)^2),   m = max |x_i|
//   dx_i = g x_i / y, 0 where y = 0
//
// Without the division by m, x^2 overflows from 1.9e19 in f32 and 256 in f16, and underflows as early.
// Kink where the whole group is 0: w g with any w of norm at most 1 is a subgradient, and the reference takes 0.
// Source: ONNX ReduceL2-18, with axes as an attribute.
#pragma once

#include "frames/norm.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_l2 : reduction::frame<reduce_l2> {
  static constexpr op_info info{.name = "reduce_l2",
                                .onnx = "ReduceL2",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = sqrt(sum x_i^2)",
                                .vjp = "dx_i = g x_i / y, 0 where y = 0",
                                .source = "ONNX ReduceL2-18"};
  static constexpr law laws[] = {law::homogeneous(1), law::isometry(1)};

  static void draw(sampler& s) { s.input(reduction::draw(s), {.kinks = {0}}); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    return norm::value(x, 2);
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    return norm::pull(x, 2, g);
  }

  static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g, const attributes&,
                   subdifferential& s) {
    norm::kinks(x, at, 2, g, s);
  }

  struct unscaled : reduction::frame_vjp<unscaled>, reduction::frame_forward<unscaled> {
    static constexpr variant_info info{
        .name = "sqrt(sum x*x)", .loss = "x*x underflows or overflows", .keeps_sign = true};
    template <scalar S>
    static S value(const std::vector<S>& x, const attributes&) {
      return norm::unscaled_value(x, 2);
    }
    template <scalar S>
    static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
      return norm::unscaled_pull(x, 2, g);
    }
  };
  using variants = variant_list<unscaled>;
};

}  // namespace backproof::ops
