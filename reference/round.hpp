// Round to the nearest integer, elementwise; halves go to the even one.
//
//   y  = the integer nearest to x, of two that are equally near the even one
//   dx = 0
//
// The gradient is zero everywhere. Jumps halfway between integers, where there is no derivative; the one-sided slopes
// are 0. Nothing is rounded otherwise: y is representable whenever x is. Source: ONNX Round-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/piecewise_constant.hpp"
#include "frames/smooth.hpp"

namespace backproof::ops {

struct round : elementwise::piecewise_constant<round> {
  static constexpr op_info info{.name = "round",
                                .onnx = "Round",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = the integer nearest to x, halves to the even one",
                                .vjp = "dx = 0",
                                .source = "ONNX Round-22",
                                .zero_gradient = true};

  static void draw(sampler& s) {
    const shape dims = s.dims(0, 3);
    draw_smooth<round>(s, [&](sampler& to) {
      to.input(dims, {.low = -8, .high = 8, .kinks = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5}});
    });
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    const S below = math::floor(x);
    if (below == x) return below;  // infinities too
    const S part = x - below;
    if (part == S(0.5)) return math::floor(below * S(0.5)) * S(2) == below ? below : math::ceil(x);
    return part < S(0.5) ? below : math::ceil(x);
  }

  static bool jumps(const real& x) { return x - math::floor(x) == real(0.5); }
};

}  // namespace backproof::ops
