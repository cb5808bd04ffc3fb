// Shrink, elementwise.
//
//   y  = x + bias for x < -lambd, x - bias for x > lambd, else 0
//   dx = g for |x| > lambd, else 0
//
// With bias 0 this is torch's hardshrink, with bias = lambd its softshrink. At |x| = lambd y has a kink if bias is
// lambd, and jumps otherwise; any slope in [0, 1] is accepted there, and the reference takes 0. A NaN stays a NaN.
// Source: ONNX Shrink-9; THNN SoftShrink.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct shrink : elementwise::unary<shrink> {
  static constexpr op_info info{.name = "shrink",
                                .onnx = "Shrink",
                                .opset = 9,
                                .signature = "input -> output",
                                .formula = "y = x + bias for x < -lambd, x - bias for x > lambd, else 0",
                                .vjp = "dx = g for |x| > lambd, else 0",
                                .source = "ONNX Shrink-9"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) {
    const double lambd = s.attribute("lambd", s.choose({0.5, 0.0, 1.25}));
    s.attribute("bias", s.choose({0.0, lambd, static_cast<double>(0.2f)}));
    // At least two axes: a few elements that all shrink to 0 have no gradient.
    s.input(s.dims(2, 3), {.kinks = {lambd, -lambd}});
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    const S lambd(a.number("lambd")), bias(a.number("bias"));
    if (-lambd <= x && x <= lambd) return S(0);
    return x < S(0) ? x + bias : x - bias;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return S(a.number("lambd")) < math::abs(x) ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    if (abs(x) == real(a.number("lambd"))) return elementwise::slopes{0, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
