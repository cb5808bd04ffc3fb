// Neg, elementwise.
//
//   Y  = -X
//   dX = -g
//
// Linear, smooth everywhere. Nothing is rounded: Y and dX must be right bit for bit.
// Source: ONNX Neg-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct neg : elementwise::unary<neg> {
  static constexpr op_info info{.name = "neg",
                                .onnx = "Neg",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "Y = -X",
                                .vjp = "dX = -g",
                                .source = "ONNX Neg-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return -x;
  }

  template <scalar S>
  static S pull(const S&, const S& g, const attributes&) {
    return -g;
  }
};

}  // namespace backproof::ops
