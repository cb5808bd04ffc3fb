// Transpose: the axes in another order.
//
//   transposed[i_perm(0), i_perm(1), ..] = data[i_0, i_1, ..],   dx = g with its axes in the order perm^-1
//
// perm and perm^-1 differ from three axes on; samples have up to four. Linear, and an isometry; nothing is computed,
// so every element must come out bit for bit. Source: ONNX Transpose-13.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct transpose : rearrangement<transpose> {
  static constexpr op_info info{.name = "transpose",
                                .onnx = "Transpose",
                                .opset = 13,
                                .signature = "data -> transposed",
                                .formula = "transposed[i_perm(0), ..] = data[i_0, ..]",
                                .vjp = "dx = g with its axes in the order perm^-1",
                                .source = "ONNX Transpose-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({3, 4, 2, 3, 4, 1});
    const shape x = s.dims(rank, rank);
    shape perm(x.size());
    std::iota(perm.begin(), perm.end(), index_t{0});
    switch (s.choose({0, 1, 2})) {
      case 0:
        std::rotate(perm.begin(), perm.begin() + 1, perm.end());
        break;
      case 1:
        std::reverse(perm.begin(), perm.end());
        break;
      default:
        for (index_t k = rank - 1; k > 0; --k)
          std::swap(perm[static_cast<std::size_t>(k)], perm[static_cast<std::size_t>(s.random().between(0, k))]);
    }
    s.attribute("perm", perm);
    s.input(x);
  }

  static shape result(const attributes& a, const shape& x) {
    const shape& perm = a.integers("perm");
    if (perm.size() != x.size() || !std::is_permutation(perm.begin(), perm.end(), every_axis(x).begin()))
      throw invalid_input("perm " + to_string(perm) + " is no permutation of the axes of " + to_string(x));
    shape y;
    for (const index_t axis : perm) y.push_back(x[static_cast<std::size_t>(axis)]);
    return y;
  }

  static shape every_axis(const shape& x) {
    shape axes(x.size());
    std::iota(axes.begin(), axes.end(), index_t{0});
    return axes;
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    const shape& perm = a.integers("perm");
    return sources_by_coordinates(result(a, x), x, [&](const shape& at) {
      shape from(at.size());
      for (std::size_t k = 0; k < at.size(); ++k) from[static_cast<std::size_t>(perm[k])] = at[k];
      return from;
    });
  }
};

}  // namespace backproof::ops
