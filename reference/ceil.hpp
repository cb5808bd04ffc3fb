// Ceil, elementwise.
//
//   y  = smallest integer >= x
//   dx = 0
//
// The gradient is zero everywhere. Jumps at the integers, where there is no derivative; the one-sided slopes are 0.
// Nothing is rounded: y is representable whenever x is. Source: ONNX Ceil-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/piecewise_constant.hpp"
#include "frames/smooth.hpp"

namespace backproof::ops {

struct ceil : elementwise::piecewise_constant<ceil> {
  static constexpr op_info info{.name = "ceil",
                                .onnx = "Ceil",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = smallest integer >= x",
                                .vjp = "dx = 0",
                                .source = "ONNX Ceil-13",
                                .zero_gradient = true};

  static void draw(sampler& s) {
    const shape dims = s.dims(0, 3);
    draw_smooth<ceil>(s, [&](sampler& to) { to.input(dims, {.low = -8, .high = 8, .kinks = {-2, -1, 0, 1, 2}}); });
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::ceil(x);
  }

  static bool jumps(const real& x) { return x == math::floor(x); }
};

}  // namespace backproof::ops
