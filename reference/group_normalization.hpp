// GroupNormalization of [N, C, spatial...]: each sample's channels, in num_groups equal groups of neighbours.
//
//   y  = scale x^ + bias,   x^ = (x - m) / s over the group,   s = sqrt(mean (x - m)^2 + epsilon)
//   dx = (h - mean h - x^ mean(h x^)) / s,   h = g scale
//
// dscale = sum g x^ and dbias = sum g of a channel. Smooth everywhere; dx of a group adds up to 0, and where a group is
// constant, x^ is 0.
// Source: ONNX GroupNormalization-21 (one scale per channel; version 18 had one per group), without stash_type.
#pragma once

#include "frames/normalization.hpp"

namespace backproof::ops {

struct group_normalization : normalization::layer<group_normalization> {
  static constexpr op_info info{.name = "group_normalization",
                                .onnx = "GroupNormalization",
                                .opset = 21,
                                .signature = "X, scale, bias -> Y",
                                .formula = "y = scale (x - m) / s + bias, s = sqrt(mean (x - m)^2 + epsilon)",
                                .vjp = "dx = (h - mean h - x^ mean(h x^)) / s, h = g scale",
                                .source = "ONNX GroupNormalization-21"};
  static constexpr law laws[] = {law::shift(0, 0), law::linear_in(1), law::linear_in(2), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("epsilon", s.choose({1e-5, 0.125, 1e-3}));
    const index_t groups = s.attribute("num_groups", std::min(s.limit(), s.choose<index_t>({2, 1, 3})));
    const index_t channels = groups * std::min(s.limit(), s.choose<index_t>({2, 1, 3}));
    shape x = normalization::draw_channels(s, s.choose<index_t>({1, 2}), channels);
    x[0] = std::min<index_t>(x[0], 2);
    s.input(x, normalization::draw_domain(s));
    s.input({channels});
    s.input({channels});
  }

  static groups sets(const attributes& a, const shape& x) {
    const index_t n = a.integer("num_groups");
    if (x.size() < 2 || n < 1 || x[1] % n != 0)
      throw invalid_input("no " + std::to_string(n) + " groups of the channels of " + to_string(x));
    return groups({x[0], n, x[1] / n * size_of(shape(x.begin() + 2, x.end()))}, {2});
  }
  static shape parameter(const shape& p, const shape& x) { return normalization::per_channel(p, x); }

  using variants =
      variant_list<normalization::by_one_pass<group_normalization>, normalization::by_folding<group_normalization>>;
};

}  // namespace backproof::ops
