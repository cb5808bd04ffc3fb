// HardSwish, elementwise.
//
//   y  = x max(0, min(1, x / 6 + 1 / 2)), which is 0 for x <= -3, and x for x >= 3
//   dx = 0 for x <= -3, g for x >= 3, else g (x / 3 + 1 / 2)
//
// Kinks at -3, where any slope in [-1/2, 0] is a subgradient and the reference takes 0, and at 3, where any in [1, 3/2]
// is and the reference takes 1. Implementations may compare x / 6 + 1 / 2, which is rounded, so that kinks have a
// neighbourhood. Source: ONNX HardSwish-22; Howard et al., Searching for MobileNetV3, 2019.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct hard_swish : elementwise::unary<hard_swish> {
  static constexpr op_info info{.name = "hard_swish",
                                .onnx = "HardSwish",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = x max(0, min(1, x / 6 + 1 / 2))",
                                .vjp = "dx = 0 for x <= -3, g for x >= 3, else g (x / 3 + 1 / 2)",
                                .source = "ONNX HardSwish-22"};
  static constexpr law laws[] = {law::reflection(1), law::norm(1.5)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.kinks = {-3, 3}}); }

  // The factor that is 1 beyond 3: others divide by 6 last, and come to it as 6 / 6, with two roundings.
  template <scalar S>
  static S one() {
    return math::constant<S>(1);
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    if (x <= S(-3)) return S(0);
    return x < S(3) ? x * (x / S(6) + S(0.5)) : x * one<S>();
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    if (x <= S(-3)) return S(0);
    return x < S(3) ? g * (x / S(3) + S(0.5)) : g * one<S>();
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes&, const subdifferential& s) {
    if (s.near(x + real(3), real(3))) return elementwise::slopes{-0.5, 0};
    if (s.near(x - real(3), real(3))) return elementwise::slopes{1, 1.5};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
