// adaptive_avg_pool: averages over windows that share out each axis, however many are asked for.
//
//   y_o  = (sum of the cells of window o) / N_o
//   dx_i = sum over the windows o that hold cell i of g_o / N_o
//
// Along an axis of n cells, window i of m is [floor(i n / m), ceil((i + 1) n / m)), so that windows overlap where m
// does not divide n, and differ in their size N_o. X [N, C, spatial], attribute output_size one m per spatial axis,
// which may exceed n. Linear, smooth everywhere; dx adds up to the sum of g. Source: THNN
// SpatialAdaptiveAveragePooling, VolumetricAdaptiveAveragePooling; torch.nn.functional.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct adaptive_avg_pool : pooling::average<adaptive_avg_pool> {
  static constexpr op_info info{.name = "adaptive_avg_pool",
                                .signature = "x -> y",
                                .formula = "y_o = (sum of the cells of window o) / N_o, windows sharing out each axis",
                                .vjp = "dx_i = sum of g_o / N_o over the windows that hold cell i",
                                .source = "THNN SpatialAdaptiveAveragePooling, VolumetricAdaptiveAveragePooling"};
  static constexpr law laws[] = {law::linear(), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) { s.input(pooling::drawn_adaptive(s)); }

  static pooling::boxes over(const attributes& a, const shape& x) { return pooling::boxes::adaptive(a, x); }
};

}  // namespace backproof::ops
