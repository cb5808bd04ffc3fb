// GlobalLpPool: the p-norm of each plane.
//
//   y  = (sum of |x|^p)^(1/p) over the cells of the plane
//   dx = g sgn(x) (|x| / y)^(p-1);   0 in a plane of zeros
//
// X [N, C, spatial] to Y [N, C, 1...]. Kinks, and the hazard of y^(1-p), as in lp_pool. Source: ONNX GlobalLpPool-22.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct global_lp_pool : pooling::spatial<global_lp_pool>, pooling::p_norm<global_lp_pool> {
  static constexpr op_info info{.name = "global_lp_pool",
                                .onnx = "GlobalLpPool",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = (sum of |x|^p over the plane)^(1/p)",
                                .vjp = "dx = g sgn(x) (|x|/y)^(p-1)",
                                .source = "ONNX GlobalLpPool-22"};
  static constexpr law laws[] = {law::homogeneous(1), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("p", s.choose<index_t>({2, 1, 3, 4}));
    s.input(pooling::drawn_image(s, s.choose<index_t>({2, 1, 3})), {.kinks = {0}});
  }

  static pooling::boxes over(const attributes& a, const shape& x) {
    check_p(a);
    return pooling::boxes::whole(x);
  }
};

}  // namespace backproof::ops
