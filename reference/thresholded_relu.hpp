// ThresholdedRelu, elementwise.
//
//   y  = x for x > alpha, else 0
//   dx = g for x > alpha, else 0
//
// At x = alpha y jumps by alpha, or has a kink if alpha is 0; any slope in [0, 1] is accepted there, and the reference
// takes 0. Data is selected, never multiplied. Source: ONNX ThresholdedRelu-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct thresholded_relu : elementwise::unary<thresholded_relu> {
  static constexpr op_info info{.name = "thresholded_relu",
                                .onnx = "ThresholdedRelu",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = x for x > alpha, else 0",
                                .vjp = "dx = g for x > alpha, else 0",
                                .source = "ONNX ThresholdedRelu-22"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) {
    const double alpha = s.attribute("alpha", s.choose({1.0, 0.0, -0.5}));
    // At least two axes, and not too far below alpha: a few elements that are all below it have no gradient.
    s.input(s.dims(2, 3), {.low = alpha - 2, .kinks = {alpha}});
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return x <= S(a.number("alpha")) ? S(0) : x;  // a NaN is not, and stays
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return S(a.number("alpha")) < x ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    if (x == real(a.number("alpha"))) return elementwise::slopes{0, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
