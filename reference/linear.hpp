// Linear, the fully connected layer, over any number of leading axes.
//
//   y_o       = sum_i x_i W_oi + b_o           for each row x of the input
//   dx_i      = sum_o g_o W_oi
//   dW_oi     = sum over rows of g_o x_i
//   db_o      = sum over rows of g_o
//
// x [..., I], W [O, I], b [O] or none, y [..., O]. Linear in each operand, smooth everywhere. y is one sum, b among its
// terms: implementations accumulate onto b, or add it at the end.
// Source: torch.nn.functional.linear; the layer a = W h + b of the backpropagation lectures.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct linear {
  static constexpr op_info info{.name = "linear",
                                .signature = "x, weight, bias? -> y",
                                .formula = "y = x W^T + b",
                                .vjp = "dx = g W, dW = g^T x, db = g, the latter two summed over all rows",
                                .source = "torch.nn.functional.linear"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 3, 1, 4});
    const bool biased = s.choose({true, false}), square = s.choose({false, false, true});
    const shape x = s.dims(rank, rank);
    const index_t in = x.back(), rows = size_of(x) / std::max<index_t>(1, in);
    const index_t out = square ? in : s.extent(1, std::max<index_t>(1, 150 / std::max<index_t>({1, in, rows})));
    s.input(x);
    s.input({out, in});
    if (biased)
      s.input({out});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (in[0].empty() || in[1].size() != 2 || in[0].back() != in[1][1])
      throw invalid_input("input " + to_string(in[0]) + " does not fit weight " + to_string(in[1]));
    if (given(in, 2) && in[2] != shape{in[1][0]})
      throw invalid_input("bias " + to_string(in[2]) + " does not fit weight " + to_string(in[1]));
    shape y = in[0];
    y.back() = in[1][0];
    return {y};
  }

  // Calls visit(y, x, w) for each product, by flat positions.
  template <scalar S, class F>
  static void each_product(const call<S>& c, const shape& y, F visit) {
    const index_t in = c.in[1].extent(1), out = c.in[1].extent(0);
    for (index_t k = 0; k < size_of(y); ++k)
      for (index_t i = 0; i < in; ++i) visit(k, k / out * in + i, k % out * in + i);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const index_t out = c.in[1].extent(0);
    sums<S> total(y[0]);
    each_product(c, y[0].dims(),
                 [&](index_t k, index_t x, index_t w) { total[k].add_product(c.in[0][x], c.in[1][w]); });
    if (c.has(2))
      for (index_t k = 0; k < y[0].size(); ++k) total[k] += c.in[2][k % out];
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t out = c.in[1].extent(0);
    sums<S> dx(d[0]), dw(d[1]);
    each_product(c, g[0].dims(), [&](index_t k, index_t x, index_t w) {
      dx[x].add_product(g[0][k], c.in[1][w]);
      dw[w].add_product(g[0][k], c.in[0][x]);
    });
    dx.store();
    dw.store();
    if (c.has(2)) {
      sums<S> db(d[2]);
      for (index_t k = 0; k < g[0].size(); ++k) db[k % out] += g[0][k];
      db.store();
    }
  }
};

}  // namespace backproof::ops
