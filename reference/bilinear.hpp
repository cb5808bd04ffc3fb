// Bilinear form of two vectors, one for each output, over any number of leading axes.
//
//   y_o    = sum_ij x1_i W_oij x2_j + b_o      for each row of x1 and x2
//   dx1_i  = sum_oj g_o W_oij x2_j
//   dx2_j  = sum_oi g_o W_oij x1_i
//   dW_oij = sum over rows of g_o x1_i x2_j
//   db_o   = sum over rows of g_o
//
// x1 [..., I], x2 [..., J], W [O, I, J], b [O] or none, y [..., O]. Linear in each operand, smooth everywhere.
// Source: torch.nn.functional.bilinear.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/product.hpp"

namespace backproof::ops {

struct bilinear {
  static constexpr op_info info{.name = "bilinear",
                                .signature = "x1, x2, weight, bias? -> y",
                                .formula = "y_o = x1^T W_o x2 + b_o",
                                .vjp =
                                    "dx1 = sum_o g_o W_o x2, dx2 = sum_o g_o W_o^T x1, dW_o = g_o x1 x2^T and "
                                    "db = g, summed over rows",
                                .source = "torch.nn.functional.bilinear"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2), law::linear_in(3)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 3, 1});
    const bool biased = s.choose({true, false}), square = s.choose({false, false, true});
    shape x;
    for (index_t k = 1; k < rank; ++k) x.push_back(s.extent(1, 4));
    const index_t i = s.extent(1, 5), j = square ? i : s.extent(1, 5), out = s.extent(1, 5);
    x.push_back(i);
    s.input(x);
    x.back() = j;
    s.input(x);
    s.input({out, i, j});
    if (biased)
      s.input({out});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (in[0].empty() || in[1].empty() || in[2].size() != 3 || in[0].back() != in[2][1] || in[1].back() != in[2][2])
      throw invalid_input("inputs " + to_string(in[0]) + " and " + to_string(in[1]) + " do not fit weight " +
                          to_string(in[2]));
    shape y = in[0];
    y.back() = in[1].back();
    if (y != in[1])
      throw invalid_input("inputs " + to_string(in[0]) + " and " + to_string(in[1]) + " differ in their rows");
    if (given(in, 3) && in[3] != shape{in[2][0]})
      throw invalid_input("bias " + to_string(in[3]) + " does not fit weight " + to_string(in[2]));
    y.back() = in[2][0];
    return {y};
  }

  // Calls visit(y, i, j, w) for each product of three elements, by flat positions in y, x1, x2 and the weight.
  template <scalar S, class F>
  static void each_product(const call<S>& c, const shape& y, F visit) {
    const index_t out = c.in[2].extent(0), rows = c.in[2].extent(1), columns = c.in[2].extent(2);
    for (index_t k = 0; k < size_of(y); ++k)
      for (index_t i = 0; i < rows; ++i)
        for (index_t j = 0; j < columns; ++j)
          visit(k, k / out * rows + i, k / out * columns + j, (k % out * rows + i) * columns + j);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const index_t out = c.in[2].extent(0), products = c.in[0].size() * c.in[2].size();
    sums<S> total(y[0]);
    each_product(c, y[0].dims(), [&](index_t k, index_t i, index_t j, index_t w) {
      add_product(total[k], {c.in[0][i], c.in[2][w], c.in[1][j]}, products);
    });
    if (c.has(3))
      for (index_t k = 0; k < y[0].size(); ++k) total[k] += c.in[3][k % out];
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t out = c.in[2].extent(0), products = c.in[0].size() * c.in[2].size();
    sums<S> dx1(d[0]), dx2(d[1]), dw(d[2]);
    each_product(c, g[0].dims(), [&](index_t k, index_t i, index_t j, index_t w) {
      add_product(dx1[i], {g[0][k], c.in[2][w], c.in[1][j]}, products);
      add_product(dx2[j], {g[0][k], c.in[2][w], c.in[0][i]}, products);
      add_product(dw[w], {g[0][k], c.in[0][i], c.in[1][j]}, products);
    });
    dx1.store();
    dx2.store();
    dw.store();
    if (c.has(3)) {
      sums<S> db(d[3]);
      for (index_t k = 0; k < g[0].size(); ++k) db[k % out] += g[0][k];
      db.store();
    }
  }
};

}  // namespace backproof::ops
