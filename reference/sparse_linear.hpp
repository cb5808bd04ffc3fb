// sparse_linear: a fully connected layer on a sparse input, given as coordinates and values.
//
//   y[r]     = bias + sum of v_j W[., k_j] over the j with row_j = r
//   dv_j     = <g[row_j], W[., k_j]>,  dW[., k] = sum of v_j g[row_j] over the j with k_j = k,  dbias = sum_r g[r]
//
// values v [J], row and column k [J] of indices, W [O, I], bias [O] optional, y [rows, O]; coordinates that come twice
// add up. It is Gemm of the matrix x that the coordinates describe. A value of 0 has a gradient like any other.
// Linear in values, in W and in bias, smooth everywhere: <dv, v> = <dW, W> = <g, y - bias>. The number of rows is an
// attribute, for y's shape depends on it. Source: THNN SparseLinear (which returns no dv).
#pragma once

#include "frames/indexing.hpp"

namespace backproof::ops {

struct sparse_linear {
  static constexpr op_info info{.name = "sparse_linear",
                                .signature = "values, row#, column#, weight, bias? -> y",
                                .formula = "y[r] = bias + sum of v_j weight[.,k_j] over row_j = r",
                                .vjp = "dv_j = <g[row_j], W[.,k_j]>, dW[.,k_j] += v_j g[row_j], dbias = sum_r g[r]",
                                .source = "THNN SparseLinear"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(3), law::linear_in(4)};

  static void draw(sampler& s) {
    const bool repeated = s.choose({true, false});
    const bool biased = s.choose({true, false});
    const index_t rows = s.attribute("rows", s.extent(1, 4)), length = s.extent(1, 9);
    const shape w = {s.extent(1, 5), s.extent(1, 6)};
    s.input({length});
    s.indices({length}, 0, repeated ? 0 : rows - 1);
    s.indices({length}, 0, repeated ? std::min<index_t>(1, w[1] - 1) : w[1] - 1);
    s.input(w);
    if (biased)
      s.input({w[0]});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const index_t rows = a.integer("rows");
    if (rows < 0 || in[0].size() != 1 || in[1] != in[0] || in[2] != in[0])
      throw invalid_input("values, row and column must be lists of one length");
    if (in[3].size() != 2) throw invalid_input("weight " + to_string(in[3]) + " is no matrix");
    if (given(in, 4) && in[4] != shape{in[3][0]})
      throw invalid_input("bias " + to_string(in[4]) + " does not fit weight " + to_string(in[3]));
    return {{rows, in[3][0]}};
  }

  // Calls visit(y, j, w) for the flat positions of an element of y, of values and of weight, of which the forward
  // function multiplies the latter two and adds the product to the first.
  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {
    const index_t outputs = c.in[3].extent(0), columns = c.in[3].extent(1), rows = c.attrs.integer("rows");
    for (index_t j = 0; j < c.in[0].size(); ++j) {
      const index_t r = c.at(1, j), k = c.at(2, j);
      if (r < 0 || r >= rows || k < 0 || k >= columns)
        throw invalid_input("element (" + std::to_string(r) + "," + std::to_string(k) + ") of a matrix [" +
                            std::to_string(rows) + "," + std::to_string(columns) + "]");
      for (index_t o = 0; o < outputs; ++o) visit(r * outputs + o, j, o * columns + k);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_product(c, [&](index_t i, index_t j, index_t w) { total[i].add_product(c.in[0][j], c.in[3][w]); });
    for (index_t i = 0; c.has(4) && i < y[0].size(); ++i) total[i] += c.in[4][i % c.in[4].size()];
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dv(d[0]), dw(d[3]);
    each_product(c, [&](index_t i, index_t j, index_t w) {
      dv[j].add_product(g[0][i], c.in[3][w]);
      dw[w].add_product(g[0][i], c.in[0][j]);
    });
    dv.store();
    dw.store();
    if (!c.has(4)) return;
    sums<S> db(d[4]);
    for (index_t i = 0; i < g[0].size(); ++i) db[i % d[4].size()] += g[0][i];
    db.store();
  }
};

}  // namespace backproof::ops
