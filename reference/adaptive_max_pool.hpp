// adaptive_max_pool: maxima over windows that share out each axis, however many are asked for.
//
//   y_o  = max of the cells of window o
//   dx_i = sum over the windows o with x_i = y_o of g_o / |T_o|,   T_o = the cells of window o that equal y_o
//
// The windows are those of adaptive_avg_pool, and may overlap. X [N, C, spatial], attribute output_size one number of
// windows per spatial axis. Kinks where cells of a window tie: any weights >= 0 on T_o that add up to 1 are a
// subgradient, and the reference takes the even ones. A NaN wins.
// Source: THNN SpatialAdaptiveMaxPooling, VolumetricAdaptiveMaxPooling; torch.nn.functional, its output y alone.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct adaptive_max_pool : pooling::spatial<adaptive_max_pool>, pooling::maximum<adaptive_max_pool> {
  static constexpr op_info info{.name = "adaptive_max_pool",
                                .signature = "x -> y",
                                .formula = "y_o = max of the cells of window o, windows sharing out each axis",
                                .vjp = "dx_i = sum of g_o / |T_o| over the windows o with x_i = y_o, T_o their ties",
                                .source = "THNN SpatialAdaptiveMaxPooling, VolumetricAdaptiveMaxPooling"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) { s.input(pooling::drawn_adaptive(s), {.distinct = true}); }

  static pooling::boxes over(const attributes& a, const shape& x) { return pooling::boxes::adaptive(a, x); }
};

}  // namespace backproof::ops
