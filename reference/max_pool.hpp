// MaxPool over any number of spatial axes.
//
//   y_o  = max of the cells of window o
//   dx_i = sum over the windows o with x_i = y_o of g_o / |T_o|,   T_o = the cells of window o that equal y_o
//
// The padding holds no cells, so it never wins, not even over -inf. Window o starts at o * stride - pad; there are
// floor((n + pads - dilation (kernel - 1) - 1) / stride) + 1 of them along an axis, or with ceil_mode the ceiling, less
// one if the last would start in the padding at the end. With auto_pad there are ceil(n / stride) windows (SAME_*), or
// no padding (VALID; ceil_mode is ignored, as ONNX has it). A window without any cell is refused.
// Kinks where cells of a window tie: any weights >= 0 on T_o that add up to 1 are a subgradient, and the reference
// takes the even ones. Whichever are taken, dx adds up to the sum of g. A NaN wins.
// Source: ONNX MaxPool-22, output Y alone; the 2 x 2 pooling with stride 2 of the backpropagation lectures.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct max_pool : pooling::spatial<max_pool>, pooling::maximum<max_pool> {
  static constexpr op_info info{.name = "max_pool",
                                .onnx = "MaxPool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y_o = max of the cells of window o",
                                .vjp = "dx_i = sum of g_o / |T_o| over the windows o with x_i = y_o, T_o their ties",
                                .source = "ONNX MaxPool-22"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) { s.input(pooling::drawn_sliding(s, true), {.distinct = true}); }

  static windows over(const attributes& a, const shape& x) { return windows_of(a, x, a.integers("kernel_shape")); }
};

}  // namespace backproof::ops
