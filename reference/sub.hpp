// Sub, elementwise, with numpy-style broadcasting.
//
//   C  = A - B
//   dA = U_A(g), dB = -U_B(g),   U_X(t): t summed over the axes along which X was broadcast
//
// Linear, smooth everywhere.
// Source: ONNX Sub-14.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct sub : elementwise::binary<sub> {
  static constexpr op_info info{.name = "sub",
                                .onnx = "Sub",
                                .opset = 14,
                                .signature = "A, B -> C",
                                .formula = "C = A - B",
                                .vjp = "dA = sum of g over A's broadcast axes, dB = -sum of g over B's",
                                .source = "ONNX Sub-14"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) { s.broadcast_pair(); }

  template <scalar S>
  static S value(const S& a, const S& b, const attributes&) {
    return a - b;
  }

  template <scalar S>
  static std::array<S, 2> pull(const S&, const S&, const S& g, const attributes&) {
    return {g, -g};
  }
};

}  // namespace backproof::ops
