// Gemm, the general matrix product.
//
//   Y   = alpha A' B' + beta C,   A' = A or A^T, B' = B or B^T; C optional, broadcast to the shape of Y
//   dA' = alpha g B'^T, dB' = alpha A'^T g, dC = U_C(beta g),   U_C: sum over the axes along which C was broadcast
//
// dA is dA' transposed back if A was, and dB likewise. Linear in each operand, smooth everywhere:
// <dA, A> = <dB, B> = <g, Y - beta C>.
// Y is one sum, beta C among its terms: implementations accumulate onto C, or add it at the end.
// Source: ONNX Gemm-13; the fully connected layer a = W h + b of the backpropagation lectures.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct gemm {
  static constexpr op_info info{.name = "gemm",
                                .onnx = "Gemm",
                                .opset = 13,
                                .signature = "A, B, C? -> Y",
                                .formula = "Y = alpha A' B' + beta C",
                                .vjp = "dA' = alpha g B'^T, dB' = alpha A'^T g, dC = beta g summed over broadcast axes",
                                .source = "ONNX Gemm-13"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    const double larger = static_cast<double>(1.3f), negative = static_cast<double>(-0.6f);
    const bool trans_a = s.attribute("transA", s.choose<index_t>({0, 1})) != 0;
    const bool trans_b = s.attribute("transB", s.choose<index_t>({1, 0})) != 0;
    const shape a = s.dims(2, 2);
    const index_t m = a[0], k = a[1], n = s.extent(1, 150 / std::max(m, k));
    const index_t kind = s.pick(7);  // of C
    const double beta = s.attribute("beta", s.choose({larger, 0.0, negative, 1.0}));
    // With alpha 0 only C has a gradient left; if it has none either, there is nothing to get wrong.
    const bool c_alone = kind != 0 && beta != 0;
    s.attribute("alpha", c_alone ? s.choose({larger, 1.0, negative, 0.0}) : s.choose({larger, 1.0, negative}));
    s.input(trans_a ? shape{k, m} : shape{m, k});
    s.input(trans_b ? shape{n, k} : shape{k, n});
    const std::vector<shape> shapes_of_c = {{m, n}, {n}, {1, n}, {m, 1}, {1, 1}, {}};
    if (kind == 0)
      s.absent();
    else
      s.input(shapes_of_c[static_cast<std::size_t>(kind - 1)]);
  }

  // Extents of A' [m, k] and B' [k, n], and where their elements stand in A and B.
  struct geometry {
    geometry(const attributes& attrs, const shape& a, const shape& b)
        : trans_a(attrs.flag("transA")), trans_b(attrs.flag("transB")) {
      if (a.size() != 2 || b.size() != 2) throw invalid_input("A and B must be matrices");
      m = a[trans_a ? 1 : 0];
      k = a[trans_a ? 0 : 1];
      n = b[trans_b ? 0 : 1];
      if (b[trans_b ? 1 : 0] != k)
        throw invalid_input("A " + to_string(a) + " and B " + to_string(b) + " have no common inner extent");
    }
    index_t a(index_t row, index_t column) const { return trans_a ? column * m + row : row * k + column; }
    index_t b(index_t row, index_t column) const { return trans_b ? column * k + row : row * n + column; }

    bool trans_a, trans_b;
    index_t m, k, n;
  };

  static std::vector<shape> infer(const attributes& attrs, std::span<const shape> in) {
    const geometry at(attrs, in[0], in[1]);
    const shape y = {at.m, at.n};
    if (given(in, 2) && broadcast(in[2], y) != y)
      throw invalid_input("C " + to_string(in[2]) + " does not broadcast to " + to_string(y));
    return {y};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const geometry at(c.attrs, c.in[0].dims(), c.in[1].dims());
    const S alpha(c.attrs.number("alpha")), beta(c.attrs.number("beta"));
    sums<S> total(y[0]);
    for (index_t i = 0; i < at.m; ++i)
      for (index_t j = 0; j < at.n; ++j)
        for (index_t k = 0; k < at.k; ++k)
          total[i * at.n + j].add_product(alpha * c.in[0][at.a(i, k)], c.in[1][at.b(k, j)]);
    if (c.has(2)) {
      const broadcasting from(c.in[2].dims(), y[0].dims());
      for (index_t i = 0; i < y[0].size(); ++i) total[i].add_product(beta, c.in[2][from(i)]);
    }
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const geometry at(c.attrs, c.in[0].dims(), c.in[1].dims());
    const S alpha(c.attrs.number("alpha")), beta(c.attrs.number("beta"));
    sums<S> da(d[0]), db(d[1]);
    for (index_t i = 0; i < at.m; ++i)
      for (index_t j = 0; j < at.n; ++j)
        for (index_t k = 0; k < at.k; ++k) {
          const S scaled = alpha * g[0][i * at.n + j];
          da[at.a(i, k)].add_product(scaled, c.in[1][at.b(k, j)]);
          db[at.b(k, j)].add_product(scaled, c.in[0][at.a(i, k)]);
        }
    da.store();
    db.store();
    if (c.has(2)) {
      const broadcasting from(c.in[2].dims(), g[0].dims());
      sums<S> dc(d[2]);
      for (index_t i = 0; i < g[0].size(); ++i) dc[from(i)].add_product(beta, g[0][i]);
      dc.store();
    }
  }
};

}  // namespace backproof::ops
