// Trilu: the upper or the lower triangle of matrices, 0 elsewhere.
//
//   output[.., i, j] = input[.., i, j] where j >= i + k (upper) or j <= i + k (lower), else 0;   dx: g in like manner
//
// k, the diagonal where the triangle ends, is an attribute here. Linear, and its own adjoint. Data is selected, never
// multiplied by a mask: what is left out is 0 even where it was NaN. Source: ONNX Trilu-14.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct trilu : rearrangement<trilu> {
  static constexpr op_info info{
      .name = "trilu",
      .onnx = "Trilu",
      .opset = 14,
      .signature = "input -> output",
      .formula = "output_ij = input_ij where j >= i + k (upper) or j <= i + k (lower), else 0",
      .vjp = "dx_ij = g_ij where output_ij = input_ij, else 0",
      .source = "ONNX Trilu-14"};
  static constexpr law laws[] = {law::linear(), law::symmetric(), law::norm(1)};

  static void draw(sampler& s) {
    const bool upper = s.attribute("upper", s.choose<index_t>({1, 0})) != 0;
    const index_t k = s.choose<index_t>({0, 1, -1, 2, -2, 5, -5});
    const shape x = s.dims(2, 4);
    const index_t rows = x[x.size() - 2], columns = x.back();
    // Something of the matrix is left.
    s.attribute("k",
                upper ? std::min(k, std::max<index_t>(columns, 1) - 1) : std::max(k, 1 - std::max<index_t>(rows, 1)));
    s.input(x);
  }

  static shape result(const attributes& a, const shape& x) {
    a.integer("upper"), a.integer("k");  // throw if they are missing
    if (x.size() < 2) throw invalid_input("input " + to_string(x) + " holds no matrices");
    return x;
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    const index_t rows = x[x.size() - 2], columns = x.back();
    const index_t k = std::clamp(a.integer("k"), -rows - 1, columns + 1);  // beyond, nothing changes
    std::vector<index_t> from(static_cast<std::size_t>(size_of(x)));
    for (std::size_t at = 0; at < from.size(); ++at) {
      const index_t position = static_cast<index_t>(at), i = position / columns % rows, j = position % columns;
      from[at] = (a.flag("upper") ? j >= i + k : j <= i + k) ? position : nowhere;
    }
    return from;
  }
};

}  // namespace backproof::ops
