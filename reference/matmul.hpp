// MatMul, the matrix product as in numpy: batches broadcast, and operands of rank 1 are a row and a column.
//
//   Y  = A B
//   dA = U_A(g B^T), dB = U_B(A^T g),   U: sum over the batch axes along which the operand was broadcast
//
// The last two axes hold the matrices. An A of rank 1 is taken for one row and a B of rank 1 for one column, and Y has
// no axis for those. Linear in each operand, smooth everywhere: <dA, A> = <dB, B> = <g, Y>. Source: ONNX MatMul-13.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct matmul {
  static constexpr op_info info{.name = "matmul",
                                .onnx = "MatMul",
                                .opset = 13,
                                .signature = "A, B -> Y",
                                .formula = "Y = A B",
                                .vjp = "dA = g B^T, dB = A^T g, each summed over its broadcast batch axes",
                                .source = "ONNX MatMul-13"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1)};

  static void draw(sampler& s) {
    const index_t rank_a = s.choose<index_t>({2, 3, 1, 4}), rank_b = s.choose<index_t>({2, 1, 3, 4});
    const index_t most = std::max(rank_a, rank_b) > 2 ? 5 : 12;
    const index_t k = s.extent(1, most), m = s.choose({false, false, true}) ? k : s.extent(1, most);
    const index_t n = s.extent(1, most);
    const shape batch = {s.extent(1, 3), s.extent(1, 3)};
    s.input(operand(s, batch, rank_a, rank_a == 1 ? shape{k} : shape{m, k}));
    s.input(operand(s, batch, rank_b, rank_b == 1 ? shape{k} : shape{k, n}));
  }

  // The last batch axes, as many as the rank leaves room for, some with extent 1; and the matrix.
  static shape operand(sampler& s, const shape& batch, index_t rank, const shape& matrix) {
    shape dims(batch.end() - std::max<index_t>(0, rank - 2), batch.end());
    for (index_t& e : dims)
      if (s.random().chance(0.3)) e = 1;
    dims.insert(dims.end(), matrix.begin(), matrix.end());
    return dims;
  }

  // Extents of the matrices A [m, k] and B [k, n], and of the batches.
  struct geometry {
    geometry(const shape& a, const shape& b) {
      if (a.empty() || b.empty()) throw invalid_input("a scalar is no matrix");
      const bool row = a.size() == 1, column = b.size() == 1;
      m = row ? 1 : a[a.size() - 2];
      k = a.back();
      n = column ? 1 : b.back();
      if (b[column ? 0 : b.size() - 2] != k)
        throw invalid_input("A " + to_string(a) + " and B " + to_string(b) + " have no common inner extent");
      batch_a.assign(a.begin(), a.end() - (row ? 1 : 2));
      batch_b.assign(b.begin(), b.end() - (column ? 1 : 2));
      batch = y = broadcast(batch_a, batch_b);
      if (!row) y.push_back(m);
      if (!column) y.push_back(n);
    }
    index_t m, k, n;
    shape batch_a, batch_b, batch, y;
  };

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {geometry(in[0], in[1]).y}; }

  // Calls visit(y, a, b) for each product of two elements, by flat positions.
  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {
    const geometry at(c.in[0].dims(), c.in[1].dims());
    const broadcasting a(at.batch_a, at.batch), b(at.batch_b, at.batch);
    for (index_t t = 0; t < size_of(at.batch); ++t)
      for (index_t i = 0; i < at.m; ++i)
        for (index_t j = 0; j < at.n; ++j)
          for (index_t k = 0; k < at.k; ++k)
            visit((t * at.m + i) * at.n + j, (a(t) * at.m + i) * at.k + k, (b(t) * at.k + k) * at.n + j);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_product(c, [&](index_t i, index_t a, index_t b) { total[i].add_product(c.in[0][a], c.in[1][b]); });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> da(d[0]), db(d[1]);
    each_product(c, [&](index_t i, index_t a, index_t b) {
      da[a].add_product(g[0][i], c.in[1][b]);
      db[b].add_product(g[0][i], c.in[0][a]);
    });
    da.store();
    db.store();
  }
};

}  // namespace backproof::ops
