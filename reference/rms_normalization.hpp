// RMSNormalization over the axes from `axis` on: LayerNormalization without the mean.
//
//   y  = scale x^,   x^ = x / r,   r = sqrt(mean x^2 + epsilon)
//   dx = (h - x^ mean(h x^)) / r,   h = g scale
//
// dscale = sum g x^ over the axes along which it was broadcast. Smooth everywhere; where a set is 0, dx = h / r.
// Source: ONNX RMSNormalization-23, without stash_type: r is as precise as everything else.
#pragma once

#include "frames/normalization.hpp"

namespace backproof::ops {

struct rms_normalization : normalization::layer<rms_normalization, normalization::root_mean_square> {
  static constexpr op_info info{.name = "rms_normalization",
                                .onnx = "RMSNormalization",
                                .opset = 23,
                                .signature = "X, scale -> Y",
                                .formula = "y = scale x / sqrt(mean x^2 + epsilon)",
                                .vjp = "dx = (h - x^ mean(h x^)) / r, h = g scale",
                                .source = "ONNX RMSNormalization-23"};
  static constexpr law laws[] = {law::linear_in(1)};

  static void draw(sampler& s) {
    s.attribute("epsilon", s.choose({1e-5, 0.125, 1e-3}));
    const bool broadcast_scale = s.choose({false, true, false});
    const shape normalized = normalization::draw_trailing(s);
    s.input(broadcast_scale ? normalization::draw_parameter(s, normalized) : normalized);
  }

  static groups sets(const attributes& a, const shape& x) { return normalization::trailing_sets(a, x); }
  static shape parameter(const shape& p, const shape&) { return p; }
};

}  // namespace backproof::ops
