// LayerNormalization over the axes from `axis` on.
//
//   y  = Scale x^ + B,   x^ = (x - m) / s,   m = mean x,   s = sqrt(mean (x - m)^2 + epsilon)
//   dx = N(h) + k / n - q x^ / (n s^2),   N(h) = (h - mean h - x^ mean(h x^)) / s
//
// h = g Scale, k and q the cotangents of Mean = m and InvStdDev = 1 / s. dScale = sum g x^ and dB = sum g over the axes
// along which they were broadcast. Attribute `outputs` says how many there are: 1, Y alone, or all 3. Smooth
// everywhere; where a set is constant, x^ is 0. Source: ONNX LayerNormalization-17, without stash_type: statistics are
// as precise as everything else.
#pragma once

#include "frames/normalization.hpp"

namespace backproof::ops {

struct layer_normalization : normalization::layer<layer_normalization> {
  static constexpr op_info info{.name = "layer_normalization",
                                .onnx = "LayerNormalization",
                                .opset = 17,
                                .signature = "X, Scale, B? -> Y, Mean, InvStdDev",
                                .formula = "y = Scale (x - m) / s + B, s = sqrt(mean (x - m)^2 + epsilon)",
                                .vjp = "dx = (h - mean h - x^ mean(h x^)) / s + k / n - q x^ / (n s^2), h = g Scale",
                                .source = "ONNX LayerNormalization-17"};
  static constexpr law laws[] = {law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    s.attribute("epsilon", s.choose({1e-5, 0.125, 1e-3}));
    s.attribute("outputs", s.choose<index_t>({1, 3, 1}));
    const index_t broadcast_scale = s.choose<index_t>({0, 1, 0}), bias = s.choose<index_t>({1, 0, 2});
    const shape normalized = normalization::draw_trailing(s);
    s.input(broadcast_scale ? normalization::draw_parameter(s, normalized) : normalized);
    if (bias == 0)
      s.absent();
    else
      s.input(bias == 1 ? normalized : normalization::draw_parameter(s, normalized));
  }

  static groups sets(const attributes& a, const shape& x) { return normalization::trailing_sets(a, x); }
  static shape parameter(const shape& p, const shape&) { return p; }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const index_t outputs = a.integer("outputs");
    if (outputs != 1 && outputs != 3) throw invalid_input("outputs is neither 1 nor 3");
    std::vector<shape> y = layer::infer(a, in);
    if (outputs == 3) y.resize(3, sets(a, in[0]).reduced(true));
    return y;
  }

  using variants =
      variant_list<normalization::by_one_pass<layer_normalization>, normalization::by_folding<layer_normalization>>;
};

}  // namespace backproof::ops
