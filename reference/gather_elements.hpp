// GatherElements: single elements, each chosen along one axis by an index of its own.
//
//   output[.., k, ..] = data[.., indices[.., k, ..], ..],   the index replacing the coordinate along `axis`
//   ddata             = sum of g over the elements of output that came from there
//
// data and indices of equal rank, indices no larger than data along the other axes; output has the shape of indices.
// Indices in -N .. N-1, negative ones count from the end. Linear, smooth everywhere. Source: ONNX GatherElements-13.
#pragma once

#include "frames/indexing.hpp"

namespace backproof::ops {

struct gather_elements : indexing::selection<gather_elements> {
  static constexpr op_info info{.name = "gather_elements",
                                .onnx = "GatherElements",
                                .opset = 13,
                                .signature = "data, indices# -> output",
                                .formula = "output[..,k,..] = data[..,indices[..,k,..],..]",
                                .vjp = "ddata = sum of g over the elements of output that came from there",
                                .source = "ONNX GatherElements-13"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const bool negative = s.choose({false, true});
    const shape x = indexing::draw_data(s, 1, 3);
    const index_t axis = s.pick(static_cast<index_t>(x.size()));
    s.attribute("axis", s.random().chance(0.5) ? axis : axis - static_cast<index_t>(x.size()));
    s.input(x);
    shape k = x;
    for (index_t& extent : k)
      if (s.random().chance(0.5)) extent = s.random().between(1, extent);
    k[static_cast<std::size_t>(axis)] = s.extent(1, 6);  // more than data has, at times
    indexing::draw_repeated(s, k, x[static_cast<std::size_t>(axis)], negative);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    indexing::check_elements(a, in[0], in[1]);
    return {in[1]};
  }

  template <scalar S>
  static std::vector<index_t> sources(const call<S>& c) {
    const shape& x = c.in[0].dims();
    return indexing::elements(indexing::axis_of(c.attrs, x), x, c.in[1].dims(), indexing::list(c, 1));
  }
};

}  // namespace backproof::ops
