// Tile: the input repeated along each axis, as tiles on a floor.
//
//   output[i, j, ..] = input[i mod n_0, j mod n_1, ..],   dx = the sum of g over all tiles
//
// `repeats` is an attribute here, because it determines the shape of the output. Linear, J^T J = prod repeats. Forward
// nothing is computed, so every element must come out bit for bit. Source: ONNX Tile-13.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct tile : rearrangement<tile> {
  static constexpr op_info info{.name = "tile",
                                .onnx = "Tile",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "output[i, ..] = input[i mod n, ..]",
                                .vjp = "dx = the sum of g over all tiles",
                                .source = "ONNX Tile-13"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const shape x = s.dims(0, 4);
    const index_t first = s.choose<index_t>({2, 1, 3}), last = s.choose<index_t>({3, 1, 2});
    index_t room = std::max<index_t>(1, 600 / std::max<index_t>(1, size_of(x)));
    shape repeats;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const index_t wanted = k == 0 ? first : k + 1 == x.size() ? last : s.random().between(1, 2);
      repeats.push_back(std::min({wanted, room, s.limit()}));
      room /= repeats.back();
    }
    s.attribute("repeats", repeats);
    s.input(x);
  }

  static shape result(const attributes& a, const shape& x) {
    const shape& repeats = a.integers("repeats");
    if (repeats.size() != x.size())
      throw invalid_input("repeats " + to_string(repeats) + " do not fit " + to_string(x));
    shape y = affordable(repeats);
    affordable(x);
    for (std::size_t k = 0; k < x.size(); ++k) y[k] *= x[k];
    return affordable(y);
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    return sources_by_coordinates(result(a, x), x, [&](shape at) {
      for (std::size_t k = 0; k < at.size(); ++k) at[k] %= x[k];
      return at;
    });
  }
};

}  // namespace backproof::ops
