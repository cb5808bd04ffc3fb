// GlobalAveragePool: the mean of each plane.
//
//   y  = (sum of the plane's n cells) / n
//   dx = g / n
//
// X [N, C, spatial] to Y [N, C, 1...]. Linear, smooth everywhere; dx adds up to g. Source: ONNX GlobalAveragePool-22.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct global_average_pool : pooling::average<global_average_pool> {
  static constexpr op_info info{.name = "global_average_pool",
                                .onnx = "GlobalAveragePool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = (sum of the plane's n cells) / n",
                                .vjp = "dx = g / n",
                                .source = "ONNX GlobalAveragePool-22"};
  static constexpr law laws[] = {law::linear(), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) { s.input(pooling::drawn_image(s, s.choose<index_t>({2, 1, 3}))); }

  static pooling::boxes over(const attributes&, const shape& x) { return pooling::boxes::whole(x); }
};

}  // namespace backproof::ops
