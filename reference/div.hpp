// Div, elementwise, with numpy-style broadcasting.
//
//   C  = A / B
//   dA = U_A(g / B), dB = -U_B(g (A / B) / B),   U_X(t): t summed over the axes along which X was broadcast
//
// Singular at B = 0; samples keep each B on one side of it. dB divides by B twice, for B^2 overflows and underflows
// where the quotient need not: outside of [1.5e-154, 1.3e154] in f64, of [1.1e-19, 1.8e19] in f32.
// Source: ONNX Div-14.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct div : elementwise::binary<div> {
  static constexpr op_info info{.name = "div",
                                .onnx = "Div",
                                .opset = 14,
                                .signature = "A, B -> C",
                                .formula = "C = A / B",
                                .vjp = "dA = sum of g / B over A's broadcast axes, dB = -sum of g (A / B) / B over B's",
                                .source = "ONNX Div-14"};
  static constexpr law laws[] = {law::linear_in(0), law::homogeneous(-1, 1)};

  static void draw(sampler& s) {
    const bool negative = s.choose({false, true});
    s.broadcast_pair({}, negative ? domain{.low = -1000, .high = -0x1p-6} : domain{.low = 0x1p-6, .high = 1000});
  }

  template <scalar S>
  static S value(const S& a, const S& b, const attributes&) {
    return a / b;
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
    return {g / b, -(g * (a / b / b))};
  }

  struct by_square : elementwise::binary_vjp<by_square> {
    static constexpr variant_info info{
        .name = "-g*a/(b*b)", .loss = "b*b overflows or underflows where the quotient does not", .keeps_sign = true};
    template <scalar S>
    static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
      return {g / b, -(g * a / (b * b))};
    }
  };
  using variants = variant_list<by_square>;
};

}  // namespace backproof::ops
