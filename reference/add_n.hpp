// Sum of any number of tensors, elementwise, with numpy-style broadcasting: Add of many.
//
//   y    = x_1 + ... + x_n
//   dx_k = U_k(g),   U_k: sum over the axes along which x_k was broadcast
//
// Linear, smooth everywhere; the adjoint of copy. The op is not called `sum`, for that name is the reductions'.
// Source: ONNX Sum-13.
#pragma once

#include "frames/variadic.hpp"

namespace backproof::ops {

struct add_n : elementwise::scaled_sum<add_n> {
  static constexpr op_info info{.name = "add_n",
                                .onnx = "Sum",
                                .opset = 13,
                                .signature = "data_0... -> sum",
                                .formula = "y = x_1 + ... + x_n",
                                .vjp = "dx_k = g summed over x_k's broadcast axes",
                                .source = "ONNX Sum-13"};
  static constexpr law laws[] = {law::linear()};

  static int divisor(int) { return 1; }
};

}  // namespace backproof::ops
