// Bias: one number per slice along an axis, added to all of the slice.
//
//   y  = x + b, b along `axis`
//   dx = g, db = g summed over all axes but that one
//
// x of rank 1 or more, b [extent of the axis]; a negative axis counts from the end. Linear, smooth everywhere. Extents
// that are alike on several axes hide a wrong one, and unequal ones a wrong shape, so that samples have both.
// Source: the bias of convolutions in the backpropagation lectures.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct bias_add {
  static constexpr op_info info{.name = "bias_add",
                                .signature = "x, b -> y",
                                .formula = "y = x + b, b along one axis",
                                .vjp = "dx = g, db = g summed over all other axes",
                                .source = "bias of convolutions in the backpropagation lectures"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 3, 4, 1});
    const bool alike = s.choose({false, true});
    shape x = s.dims(rank, rank);
    if (alike) x.assign(x.size(), s.extent(1, rank > 3 ? 3 : 5));
    const index_t axis = s.attribute("axis", s.random().between(-rank, rank - 1));
    s.input(x);
    s.input({slices(x, axis).length});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const slices along(in[0], a.integer("axis"));
    if (in[1] != shape{along.length})
      throw invalid_input("bias " + to_string(in[1]) + " does not fit axis " + std::to_string(a.integer("axis")) +
                          " of " + to_string(in[0]));
    return {in[0]};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = c.in[0][i] + c.in[1][i / along.inner % along.length];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    sums<S> db(d[1]);
    for (index_t i = 0; i < g[0].size(); ++i) {
      d[0][i] = g[0][i];
      db[i / along.inner % along.length] += g[0][i];
    }
    db.store();
  }
};

}  // namespace backproof::ops
