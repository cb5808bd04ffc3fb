// Gather: whole slices of a tensor, chosen along one axis by indices.
//
//   output[o, k, i] = data[o, indices[k], i],   o the axes before `axis`, i those after it, k those of the indices
//   ddata[o, n, i]  = sum of g[o, k, i] over the k with indices[k] = n
//
// data [before, N, after], indices of any rank, in -N .. N-1 (negative ones count from the end),
// output [before, shape of indices, after]. Linear, smooth everywhere; the cotangents all arrive somewhere, so ddata
// adds up to the sum of g. An index that comes twice gets both cotangents: where the second overwrites the first, or
// is added in half precision, digits or whole terms are lost. Source: ONNX Gather-13.
#pragma once

#include "frames/indexing.hpp"

namespace backproof::ops {

struct gather : indexing::selection<gather> {
  static constexpr op_info info{.name = "gather",
                                .onnx = "Gather",
                                .opset = 13,
                                .signature = "data, indices# -> output",
                                .formula = "output[o,k,i] = data[o,indices[k],i]",
                                .vjp = "ddata[o,n,i] = sum of g[o,k,i] over the k with indices[k] = n",
                                .source = "ONNX Gather-13"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const bool negative = s.choose({false, true});
    const index_t rank_of_indices = s.choose<index_t>({1, 2, 0});
    const shape x = indexing::draw_data(s, 1, 3);
    const index_t axis = s.pick(static_cast<index_t>(x.size()));
    s.attribute("axis", s.random().chance(0.5) ? axis : axis - static_cast<index_t>(x.size()));
    s.input(x);
    const shape k = indexing::draw_data(s, rank_of_indices, rank_of_indices, rank_of_indices == 2 ? 2 : 5);
    indexing::draw_repeated(s, k, x[static_cast<std::size_t>(axis)], negative);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    shape y = in[0];
    const auto axis = static_cast<std::ptrdiff_t>(indexing::axis_of(a, y));
    y.erase(y.begin() + axis);
    y.insert(y.begin() + axis, in[1].begin(), in[1].end());
    return {y};
  }

  template <scalar S>
  static std::vector<index_t> sources(const call<S>& c) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    std::vector<index_t> from;
    for (index_t o = 0; o < along.outer; ++o)
      for (index_t k = 0; k < c.in[1].size(); ++k)
        for (index_t i = 0; i < along.inner; ++i)
          from.push_back(along.start(o, i) + indexing::wrapped(c.at(1, k), along.length) * along.inner);
    return from;
  }
};

}  // namespace backproof::ops
