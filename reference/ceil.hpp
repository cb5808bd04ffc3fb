// Ceil, elementwise.
//
//   y  = smallest integer >= x
//   dx = 0
//
// The gradient is zero everywhere. Jumps at the integers, where there is no derivative; the one-sided slopes are 0.
// Nothing is rounded: y is representable whenever x is. Source: ONNX Ceil-13.
#pragma once

#include "backproof/elementwise.hpp"
#include "backproof/sample.hpp"
#include "backproof/smooth.hpp"

namespace backproof::ops {

struct ceil : elementwise::unary<ceil> {
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

  template <scalar S>
  static S pull(const S&, const S&, const attributes&) {
    return S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes&, const subdifferential&) {
    if (x == math::floor(x)) return elementwise::slopes{0, 0};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
