// Max of any number of tensors, elementwise, with numpy-style broadcasting: the gradient router.
//
//   y    = max_k x_k
//   dx_k = U_k(w_k g),   w_k = 1 / |T| for k in T = {k : x_k = y}, else 0;   U_k sums over the axes along which x_k
//                        was broadcast
//
// Kinks where inputs tie: any weights >= 0 on the tied inputs that add up to 1 are a subgradient, and the reference
// takes the even one. Whichever is taken, the gradients of the inputs add up to g. Equal infinities are a tie as well,
// so ties are found by comparing and never by subtracting. A NaN wins.
// Source: ONNX Max-13; "max gate: gradient router" of the backpropagation lectures.
#pragma once

#include "frames/extremum.hpp"

namespace backproof::ops {

struct max : elementwise::extremum<max> {
  static constexpr op_info info{.name = "max",
                                .onnx = "Max",
                                .opset = 13,
                                .signature = "data... -> max",
                                .formula = "y = max_k x_k",
                                .vjp = "dx_k = sum of w_k g over x_k's broadcast axes, w even over the tied, else 0",
                                .source = "ONNX Max-13"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  template <scalar S>
  static bool beats(const S& a, const S& b) {
    return b < a;
  }
};

}  // namespace backproof::ops
