// Min of any number of tensors, elementwise, with numpy-style broadcasting: Max upside down.
//
//   y    = min_k x_k
//   dx_k = U_k(w_k g),   w_k = 1 / |T| for k in T = {k : x_k = y}, else 0;   U_k sums over the axes along which x_k
//                        was broadcast
//
// Kinks where inputs tie: any weights >= 0 on the tied inputs that add up to 1 are a subgradient, and the reference
// takes the even one. Equal infinities are a tie as well. A NaN wins.
// Source: ONNX Min-13.
#pragma once

#include "frames/extremum.hpp"

namespace backproof::ops {

struct min : elementwise::extremum<min> {
  static constexpr op_info info{.name = "min",
                                .onnx = "Min",
                                .opset = 13,
                                .signature = "data... -> min",
                                .formula = "y = min_k x_k",
                                .vjp = "dx_k = sum of w_k g over x_k's broadcast axes, w even over the tied, else 0",
                                .source = "ONNX Min-13"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  template <scalar S>
  static bool beats(const S& a, const S& b) {
    return a < b;
  }
};

}  // namespace backproof::ops
