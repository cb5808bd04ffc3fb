// Mul, elementwise, with numpy-style broadcasting: the gradient switcher.
//
//   C  = A B
//   dA = U_A(g B), dB = U_B(g A),   U_X(t): t summed over the axes along which X was broadcast
//
// Linear in each operand, smooth everywhere. <dA, A> = <dB, B> = <g, C>.
// Source: ONNX Mul-14; "mul gate: swap multiplier" of the backpropagation lectures.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct mul {
  static constexpr op_info info{.name = "mul",
                                .onnx = "Mul",
                                .opset = 14,
                                .signature = "A, B -> C",
                                .formula = "C = A B",
                                .vjp = "dA = sum of g B over A's broadcast axes, dB = sum of g A over B's",
                                .source = "ONNX Mul-14"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1)};

  static void draw(sampler& s) { s.broadcast_pair(); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {broadcast(in[0], in[1])}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const broadcasting a(c.in[0].dims(), y[0].dims()), b(c.in[1].dims(), y[0].dims());
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = c.in[0][a(i)] * c.in[1][b(i)];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    sums<S> da(d[0]), db(d[1]);
    for (index_t i = 0; i < g[0].size(); ++i) {
      da[a(i)].add_product(g[0][i], c.in[1][b(i)]);
      db[b(i)].add_product(g[0][i], c.in[0][a(i)]);
    }
    da.store();
    db.store();
  }
};

}  // namespace backproof::ops
