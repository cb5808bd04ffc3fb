// Mean of any number of tensors, elementwise, with numpy-style broadcasting.
//
//   y    = (x_1 + ... + x_n) / n
//   dx_k = U_k(g / n),   U_k: sum over the axes along which x_k was broadcast
//
// Linear, smooth everywhere. n counts the inputs, whatever their shapes are. Source: ONNX Mean-13.
#pragma once

#include "frames/variadic.hpp"

namespace backproof::ops {

struct mean : elementwise::scaled_sum<mean> {
  static constexpr op_info info{.name = "mean",
                                .onnx = "Mean",
                                .opset = 13,
                                .signature = "data_0... -> mean",
                                .formula = "y = (x_1 + ... + x_n) / n",
                                .vjp = "dx_k = g / n summed over x_k's broadcast axes",
                                .source = "ONNX Mean-13"};
  static constexpr law laws[] = {law::linear()};

  static int divisor(int inputs) { return inputs; }
};

}  // namespace backproof::ops
