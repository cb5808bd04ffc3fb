// Floor, elementwise.
//
//   y  = largest integer <= x
//   dx = 0
//
// The gradient is zero everywhere. Jumps at the integers, where there is no derivative; the one-sided slopes are 0.
// Nothing is rounded: y is representable whenever x is. Source: ONNX Floor-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/piecewise_constant.hpp"
#include "frames/smooth.hpp"

namespace backproof::ops {

struct floor : elementwise::piecewise_constant<floor> {
  static constexpr op_info info{.name = "floor",
                                .onnx = "Floor",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = largest integer <= x",
                                .vjp = "dx = 0",
                                .source = "ONNX Floor-13",
                                .zero_gradient = true};

  static void draw(sampler& s) {
    const shape dims = s.dims(0, 3);
    draw_smooth<floor>(s, [&](sampler& to) { to.input(dims, {.low = -8, .high = 8, .kinks = {-2, -1, 0, 1, 2}}); });
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::floor(x);
  }

  static bool jumps(const real& x) { return x == math::floor(x); }
};

}  // namespace backproof::ops
