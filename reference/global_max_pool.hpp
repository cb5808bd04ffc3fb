// GlobalMaxPool: the largest number of each plane.
//
//   y    = max of the plane's cells
//   dx_i = g / |T| for i in T, the cells that equal y, else 0
//
// X [N, C, spatial] to Y [N, C, 1...]. Kinks where cells tie: any weights >= 0 on T that add up to 1 are a subgradient,
// and the reference takes the even ones. A NaN wins. Source: ONNX GlobalMaxPool-22.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct global_max_pool : pooling::spatial<global_max_pool>, pooling::maximum<global_max_pool> {
  static constexpr op_info info{.name = "global_max_pool",
                                .onnx = "GlobalMaxPool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = max of the plane's cells",
                                .vjp = "dx_i = g / |T| for i in T, the cells that equal y, else 0",
                                .source = "ONNX GlobalMaxPool-22"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1), law::isometry(1), law::batch(0b1)};

  static void draw(sampler& s) { s.input(pooling::drawn_image(s, s.choose<index_t>({2, 1, 3})), {.distinct = true}); }

  static pooling::boxes over(const attributes&, const shape& x) { return pooling::boxes::whole(x); }
};

}  // namespace backproof::ops
