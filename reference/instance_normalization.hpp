// InstanceNormalization of [N, C, spatial...]: each channel of each sample by itself.
//
//   y  = scale x^ + B,   x^ = (x - m) / s over the spatial axes,   s = sqrt(mean (x - m)^2 + epsilon)
//   dx = (h - mean h - x^ mean(h x^)) / s,   h = g scale
//
// dscale = sum g x^ and dB = sum g of a channel. Smooth everywhere; dx of a channel adds up to 0, and where it is
// constant, x^ is 0.
// Source: ONNX InstanceNormalization-22.
#pragma once

#include "frames/normalization.hpp"

namespace backproof::ops {

struct instance_normalization : normalization::layer<instance_normalization> {
  static constexpr op_info info{.name = "instance_normalization",
                                .onnx = "InstanceNormalization",
                                .opset = 22,
                                .signature = "input, scale, B -> output",
                                .formula = "y = scale (x - m) / s + B, s = sqrt(mean (x - m)^2 + epsilon)",
                                .vjp = "dx = (h - mean h - x^ mean(h x^)) / s, h = g scale",
                                .source = "ONNX InstanceNormalization-22"};
  static constexpr law laws[] = {law::shift(0, 0), law::linear_in(1), law::linear_in(2), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("epsilon", s.choose({1e-5, 0.125, 1e-3}));
    const shape x = normalization::draw_channels(s, s.choose<index_t>({1, 2}), s.extent(1, 4));
    s.input(x, normalization::draw_domain(s));
    s.input({x[1]});
    s.input({x[1]});
  }

  static groups sets(const attributes&, const shape& x) {
    if (x.size() < 3) throw invalid_input("input " + to_string(x) + " has no spatial axes");
    std::vector<index_t> axes;
    for (index_t k = 2; k < static_cast<index_t>(x.size()); ++k) axes.push_back(k);
    return groups(x, axes);
  }
  static shape parameter(const shape& p, const shape& x) { return normalization::per_channel(p, x); }

  using variants = variant_list<normalization::by_one_pass<instance_normalization>,
                                normalization::by_folding<instance_normalization>>;
};

}  // namespace backproof::ops
