// Abs, elementwise.
//
//   y  = |x|
//   dx = g for x > 0, -g for x < 0, else 0
//
// Kink at x = 0: anything in g [-1, 1] is a subgradient, and the reference takes 0. Data is selected and its sign
// changed, never multiplied: y and dx must be right bit for bit.
// Source: ONNX Abs-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct abs : elementwise::unary<abs> {
  static constexpr op_info info{.name = "abs",
                                .onnx = "Abs",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = |x|",
                                .vjp = "dx = g for x > 0, -g for x < 0, else 0",
                                .source = "ONNX Abs-13"};
  static constexpr law laws[] = {law::homogeneous(1), law::reflection(0), law::isometry(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.kinks = {0}}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::abs(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    if (x < S(0)) return -g;
    return S(0) < x ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes&, const subdifferential&) {
    if (x == real(0)) return elementwise::slopes{-1, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
