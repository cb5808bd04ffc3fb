// GatherND: slices of a tensor, each chosen by a tuple of indices.
//
//   output[b, q, ..] = data[b, indices[b, q, 0], .., indices[b, q, t-1], ..],   b the first batch_dims axes
//   ddata            = sum of g over the elements of output that came from there
//
// data [b, N_0, .., N_{t-1}, slice], indices [b, q, t], output [b, q, slice]; if t is the rank of data less batch_dims,
// slices are single elements. Negative indices count from the end. Linear, smooth everywhere. Source: ONNX GatherND-13.
#pragma once

#include "frames/indexing.hpp"

namespace backproof::ops {

struct gather_nd : indexing::selection<gather_nd> {
  static constexpr op_info info{.name = "gather_nd",
                                .onnx = "GatherND",
                                .opset = 13,
                                .signature = "data, indices# -> output",
                                .formula = "output[b,q,..] = data[b,indices[b,q,0],..,indices[b,q,t-1],..]",
                                .vjp = "ddata = sum of g over the elements of output that came from there",
                                .source = "ONNX GatherND-13"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const index_t batch_dims = s.attribute("batch_dims", s.choose<index_t>({0, 1}));
    const bool negative = s.choose({false, true});
    const bool elements = s.choose({false, true});  // slices of rank 0
    const shape x = indexing::draw_data(s, 1 + batch_dims, 3);
    const index_t free = static_cast<index_t>(x.size()) - batch_dims;
    const index_t length = elements ? free : s.random().between(1, free);
    shape k(x.begin(), x.begin() + batch_dims);
    const shape q = indexing::draw_data(s, 0, 2, 3);
    k.insert(k.end(), q.begin(), q.end());
    k.push_back(length);
    s.input(x);
    const index_t least = *std::min_element(x.begin() + batch_dims, x.begin() + batch_dims + length);
    indexing::draw_repeated(s, k, least, negative);  // of all axes that the tuples point along
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    return {indexing::pointed_to(in[0], in[1], a.integer("batch_dims"))};
  }

  template <scalar S>
  static std::vector<index_t> sources(const call<S>& c) {
    return indexing::tuples(c.attrs.integer("batch_dims"), c.in[0].dims(), c.in[1].dims(), indexing::list(c, 1));
  }
};

}  // namespace backproof::ops
