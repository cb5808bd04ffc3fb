// AveragePool over any number of spatial axes.
//
//   y_o  = (sum of the cells of window o) / N_o
//   dx_i = sum over the windows o that hold cell i of g_o / N_o
//
// N_o counts the window's cells and, if count_include_pad is set, its positions in the padding as well; what hangs over
// the padded end in ceil_mode counts for nothing. The windows are those of max_pool. Linear, smooth everywhere. Without
// count_include_pad, dx adds up to the sum of g.
// Source: ONNX AveragePool-22; the pooling layers of the backpropagation lectures.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct average_pool : pooling::average<average_pool> {
  static constexpr op_info info{.name = "average_pool",
                                .onnx = "AveragePool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y_o = (sum of the cells of window o) / N_o",
                                .vjp = "dx_i = sum of g_o / N_o over the windows that hold cell i",
                                .source = "ONNX AveragePool-22"};
  static constexpr law laws[] = {law::linear(), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("count_include_pad", s.choose<index_t>({0, 1}));
    s.input(pooling::drawn_sliding(s, false));
  }

  static windows over(const attributes& a, const shape& x) { return windows_of(a, x, a.integers("kernel_shape")); }

  static index_t divisor(const attributes& a, const windows& slide, index_t o) {
    return a.flag("count_include_pad") ? slide.padded_cells(o) : slide.real_cells(o);
  }
};

}  // namespace backproof::ops
