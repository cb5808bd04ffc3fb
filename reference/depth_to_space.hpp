// DepthToSpace: blocks of channels become blocks of pixels.
//
//   output[n, c, h b + i, w b + j] = input[n, d, h, w],   d = (i b + j) C + c (DCR),   d = c b^2 + i b + j (CRD)
//   dx[n, d, h, w] = g[n, c, h b + i, w b + j]
//
// From [N, C b^2, H, W] to [N, C, H b, W b], b the blocksize. CRD is also known as pixel shuffle. Linear, and a
// permutation; nothing is computed, so every element must come out bit for bit. Source: ONNX DepthToSpace-13.
#pragma once

#include <string>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct depth_to_space : rearrangement<depth_to_space> {
  static constexpr op_info info{.name = "depth_to_space",
                                .onnx = "DepthToSpace",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula =
                                    "output[n, c, h b + i, w b + j] = input[n, d, h, w], "
                                    "d = (i b + j) C + c (DCR) or c b^2 + i b + j (CRD)",
                                .vjp = "dx[n, d, h, w] = g[n, c, h b + i, w b + j]",
                                .source = "ONNX DepthToSpace-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1), law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("mode", s.choose<std::string>({"DCR", "CRD"}));
    const index_t b = s.attribute("blocksize", std::min(s.choose<index_t>({2, 3, 1}), s.limit()));
    const index_t n = s.extent(1, 2), c = s.extent(1, 3), h = s.extent(1, 4);
    s.input({n, c * b * b, h, s.extent(1, std::max<index_t>(1, 150 / (n * c * b * b * h)))});
  }

  static shape result(const attributes& a, const shape& x) {
    const std::string& mode = a.text("mode");
    if (mode != "DCR" && mode != "CRD") throw invalid_input("mode is '" + mode + "', not DCR or CRD");
    const index_t b = a.integer("blocksize");
    if (b < 1 || b > 4096) throw invalid_input("blocksize " + std::to_string(b) + " is not in 1 .. 4096");
    affordable(x);
    if (x.size() != 4 || x[1] % (b * b) != 0)
      throw invalid_input("input " + to_string(x) + " has no blocks of channels");
    return {x[0], x[1] / (b * b), x[2] * b, x[3] * b};
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    const shape y = result(a, x);
    const bool depth_first = a.text("mode") == "DCR";
    return sources_by_coordinates(y, x, [&, b = a.integer("blocksize")](const shape& at) {
      const index_t block = at[2] % b * b + at[3] % b;
      return shape{at[0], depth_first ? block * y[1] + at[1] : at[1] * b * b + block, at[2] / b, at[3] / b};
    });
  }
};

}  // namespace backproof::ops
