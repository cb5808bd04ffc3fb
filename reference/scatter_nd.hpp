// ScatterND: slices of a tensor, chosen by tuples of indices, overwritten by updates or reduced with them.
//
//   y[indices[q, 0], .., indices[q, t-1], ..] = updates[q, ..] (none), or the sum, product, maximum or minimum of what
//                                               data x and all updates u have there; elsewhere y = x
//   none      dx = g, but 0 where overwritten; du = g at its target
//   add       dx = g, du = g at its target
//   mul       dx = g prod u, du = g x times the other updates of its target
//   max, min  g is shared evenly among those that are the extreme one
//
// data [N_0, .., N_{t-1}, slice], indices [q, t], updates [q, slice]; negative indices count from the end. Kinks where
// the extreme one is tied. Updates that overwrite one element twice are refused: the order is undefined. Dividing y by
// u for the product of the others fails at u = 0. Source: ONNX ScatterND-18.
#pragma once

#include "frames/fitting_indices.hpp"
#include "frames/indexing.hpp"

namespace backproof::ops {

struct scatter_nd : indexing::scatter<scatter_nd> {
  static constexpr op_info info{.name = "scatter_nd",
                                .onnx = "ScatterND",
                                .opset = 18,
                                .signature = "data, indices#, updates -> output",
                                .formula = "output = data, with updates put, added, multiplied.. at tuples of indices",
                                .vjp =
                                    "none: dx = g or 0, du = g[t]; add: g, g[t]; mul: g prod u, g x prod others; "
                                    "max, min: g to the extreme one",
                                .source = "ONNX ScatterND-18"};
  using variants = variant_list<divided_out>;

  static void draw(sampler& s) {
    const bool once = draw_reduction(s) == "none";
    const bool negative = s.choose({false, true});
    const bool elements = s.choose({false, true});  // slices of rank 0
    const shape x = indexing::draw_data(s, 1, 3);
    const auto rank = static_cast<index_t>(x.size());
    const index_t length = elements ? rank : s.random().between(1, rank);
    const shape pointed(x.begin(), x.begin() + length);
    const index_t least = *std::min_element(pointed.begin(), pointed.end());
    const shape tuples = {once ? s.random().between(1, std::max<index_t>(1, least / 2)) : s.extent(1, 5), length};
    s.input(x, {.distinct = true});
    if (once)
      fitting_indices(s, tuples, negative ? -least : 0, least - 1, [&](const std::vector<index_t>& drawn) {
        return indexing::all_different(indexing::tuples(0, x, tuples, drawn));
      });
    else
      indexing::draw_repeated(s, tuples, least, negative);
    s.input(indexing::pointed_to(x, tuples, 0), {.distinct = true});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    check_reduction(a);
    if (in[2] != indexing::pointed_to(in[0], in[1], 0))
      throw invalid_input("updates " + to_string(in[2]) + " do not fit indices " + to_string(in[1]));
    return {in[0]};
  }

  template <scalar S>
  static std::vector<index_t> targets(const call<S>& c) {
    return indexing::tuples(0, c.in[0].dims(), c.in[1].dims(), indexing::list(c, 1));
  }
};

}  // namespace backproof::ops
