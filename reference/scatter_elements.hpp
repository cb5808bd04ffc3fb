// ScatterElements: single elements of a tensor overwritten by updates, or reduced with them.
//
//   y[t_j] = u_j for each update j (none), y_i = x_i + sum u (add), x_i prod u (mul), max(x_i, u) or min(x_i, u), over
//            the updates u with target i; elsewhere y = x
//   none      dx = g, but 0 where overwritten; du_j = g[t_j]
//   add       dx = g, du_j = g[t_j]
//   mul       dx = g prod u, du_j = g[t_j] x[t_j] times the other updates of t_j
//   max, min  g[t] is shared evenly among those that are the extreme one
//
// data x, indices and updates u of equal rank, indices no larger than data along the axes other than `axis`; target t_j
// has the index j instead of its coordinate along the axis; negative indices count from the end. Kinks where the
// extreme one is tied. Updates that overwrite one element twice are refused: the order is undefined. Dividing y by u
// for the product of the others fails at u = 0. Source: ONNX ScatterElements-18.
#pragma once

#include "frames/fitting_indices.hpp"
#include "frames/indexing.hpp"

namespace backproof::ops {

struct scatter_elements : indexing::scatter<scatter_elements> {
  static constexpr op_info info{.name = "scatter_elements",
                                .onnx = "ScatterElements",
                                .opset = 18,
                                .signature = "data, indices#, updates -> output",
                                .formula = "output = data, with updates put, added, multiplied.. at indices",
                                .vjp =
                                    "none: dx = g or 0, du = g[t]; add: g, g[t]; mul: g prod u, g x prod others; "
                                    "max, min: g to the extreme one",
                                .source = "ONNX ScatterElements-18"};
  using variants = variant_list<divided_out>;

  static void draw(sampler& s) {
    const bool once = draw_reduction(s) == "none";
    const bool negative = s.choose({false, true});
    const shape x = indexing::draw_data(s, 1, 3, 4);
    const index_t pick = s.pick(static_cast<index_t>(x.size()));
    s.attribute("axis", s.random().chance(0.5) ? pick : pick - static_cast<index_t>(x.size()));
    const auto axis = static_cast<std::size_t>(pick);
    const index_t extent = x[axis];
    shape k = x;
    for (index_t& e : k)
      if (s.random().chance(0.5)) e = s.random().between(1, e);
    k[axis] = once ? std::max<index_t>(1, extent / 2) : s.extent(1, 5);
    s.input(x, {.distinct = true});
    if (once)
      fitting_indices(s, k, negative ? -extent : 0, extent - 1, [&](const std::vector<index_t>& drawn) {
        return indexing::all_different(indexing::elements(axis, x, k, drawn));
      });
    else
      indexing::draw_repeated(s, k, extent, negative);
    s.input(k, {.distinct = true});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    check_reduction(a);
    indexing::check_elements(a, in[0], in[1]);
    if (in[2] != in[1]) throw invalid_input("updates " + to_string(in[2]) + " do not fit indices " + to_string(in[1]));
    return {in[0]};
  }

  template <scalar S>
  static std::vector<index_t> targets(const call<S>& c) {
    const shape& x = c.in[0].dims();
    return indexing::elements(indexing::axis_of(c.attrs, x), x, c.in[1].dims(), indexing::list(c, 1));
  }
};

}  // namespace backproof::ops
