// Relu, elementwise.
//
//   y  = max(0, x)
//   dx = g for x > 0, else 0
//
// Kink at x = 0: anything in g [0, 1] is a subgradient, and the reference takes 0. Data is selected, never multiplied:
// y and dx must be right bit for bit, subnormal x > 0 must pass g on, and where x < 0 the gradient is 0 whatever g is.
// Source: ONNX Relu-14; max(0, W x) of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct relu : elementwise::unary<relu> {
  static constexpr op_info info{.name = "relu",
                                .onnx = "Relu",
                                .opset = 14,
                                .signature = "X -> Y",
                                .formula = "y = max(0, x)",
                                .vjp = "dx = g for x > 0, else 0",
                                .source = "ONNX Relu-14"};
  static constexpr law laws[] = {law::homogeneous(1), law::reflection(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.kinks = {0}}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return x < S(0) || x == S(0) ? S(0) : x;  // a NaN is neither, and stays
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return S(0) < x ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes&, const subdifferential&) {
    if (x == real(0)) return elementwise::slopes{0, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
