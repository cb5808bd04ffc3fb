// SpaceToDepth: blocks of pixels become blocks of channels.
//
//   output[n, (i b + j) C + c, h, w] = input[n, c, h b + i, w b + j]
//   dx[n, c, h b + i, w b + j] = g[n, (i b + j) C + c, h, w]
//
// From [N, C, H b, W b] to [N, C b^2, H, W], b the blocksize: the inverse of DepthToSpace in mode DCR, and no pixel
// unshuffle unless C is 1. Linear, and a permutation; nothing is computed, so every element must come out bit for bit.
// Source: ONNX SpaceToDepth-13.
#pragma once

#include <string>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct space_to_depth : rearrangement<space_to_depth> {
  static constexpr op_info info{.name = "space_to_depth",
                                .onnx = "SpaceToDepth",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "output[n, (i b + j) C + c, h, w] = input[n, c, h b + i, w b + j]",
                                .vjp = "dx[n, c, h b + i, w b + j] = g[n, (i b + j) C + c, h, w]",
                                .source = "ONNX SpaceToDepth-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) {
    const index_t b = s.attribute("blocksize", std::min(s.choose<index_t>({2, 3, 1}), s.limit()));
    const index_t n = s.extent(1, 2), c = s.extent(1, 3), h = s.extent(1, 4);
    s.input({n, c, h * b, b * s.extent(1, std::max<index_t>(1, 150 / (n * c * b * b * h)))});
  }

  static shape result(const attributes& a, const shape& x) {
    const index_t b = a.integer("blocksize");
    if (b < 1 || b > 4096) throw invalid_input("blocksize " + std::to_string(b) + " is not in 1 .. 4096");
    affordable(x);
    if (x.size() != 4 || x[2] % b != 0 || x[3] % b != 0)
      throw invalid_input("input " + to_string(x) + " has no blocks of pixels");
    return {x[0], x[1] * b * b, x[2] / b, x[3] / b};
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    return sources_by_coordinates(result(a, x), x, [&, b = a.integer("blocksize")](const shape& at) {
      const index_t c = at[1] % x[1], block = at[1] / x[1];
      return shape{at[0], c, at[2] * b + block / b, at[3] * b + block % b};
    });
  }
};

}  // namespace backproof::ops
