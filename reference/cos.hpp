// Cos, elementwise.
//
//   y  = cos(x)
//   dx = -g sin(x)
//
// Smooth everywhere; NaN at infinities. A large x has to be reduced modulo 2 pi with more digits of pi than the format
// holds, so a part of the samples is large: an x rounded once is off by u |x| there, which the bound grants.
// Source: ONNX Cos-22.
#pragma once

#include "backproof/elementwise.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct cos : elementwise::unary<cos> {
  static constexpr op_info info{.name = "cos",
                                .onnx = "Cos",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = cos(x)",
                                .vjp = "dx = -g sin(x)",
                                .source = "ONNX Cos-22"};
  static constexpr law laws[] = {law::norm(1), law::reflection(0)};

  static void draw(sampler& s) {
    switch (s.choose({0, 1, 2, 3, 4, 5})) {
      case 1:
        return s.input(s.dims(0, 3), {.low = 1000, .high = 60000});
      case 2:
        return s.input(s.dims(0, 3), {.low = -60000, .high = -1000});
      default:
        return s.input(s.dims(0, 3));
    }
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::cos(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return -(g * math::sin(x));
  }
};

}  // namespace backproof::ops
