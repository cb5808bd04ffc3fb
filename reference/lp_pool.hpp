// LpPool over any number of spatial axes.
//
//   y_o  = (sum of |x|^p over the cells of window o)^(1/p)
//   dx_i = sum over the windows o that hold cell i of g_o sgn(x_i) (|x_i| / y_o)^(p-1);   0 from a window of zeros
//
// The windows are those of max_pool; what lies in the padding, or hangs over its end, adds nothing to the sum.
// Kinks: for p = 1 at x = 0, slope [-1, 1]; else where a window is all zeros, where the gradient is g_o times any
// vector of q-norm 1 at most, 1/p + 1/q = 1. The reference takes 0. y^(1-p), written out, overflows for small y; the
// quotient |x| / y never does. Source: ONNX LpPool-22.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct lp_pool : pooling::spatial<lp_pool>, pooling::p_norm<lp_pool> {
  static constexpr op_info info{.name = "lp_pool",
                                .onnx = "LpPool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y_o = (sum of |x|^p over the cells of window o)^(1/p)",
                                .vjp = "dx_i = sum of g_o sgn(x_i) (|x_i|/y_o)^(p-1) over the windows that hold cell i",
                                .source = "ONNX LpPool-22"};
  static constexpr law laws[] = {law::homogeneous(1), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("p", s.choose<index_t>({2, 1, 3}));
    s.input(pooling::drawn_sliding(s, false), {.kinks = {0}});
  }

  static windows over(const attributes& a, const shape& x) {
    check_p(a);
    return windows_of(a, x, a.integers("kernel_shape"));
  }
};

}  // namespace backproof::ops
