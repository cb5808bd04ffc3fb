// Sub, elementwise, with numpy-style broadcasting.
//
//   C  = A - B
//   dA = U_A(g), dB = -U_B(g),   U_X(t): t summed over the axes along which X was broadcast
//
// Linear, smooth everywhere.
// Source: ONNX Sub-14.
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct sub {
  static constexpr op_info info{.name = "sub",
                                .onnx = "Sub",
                                .opset = 14,
                                .signature = "A, B -> C",
                                .formula = "C = A - B",
                                .vjp = "dA = sum of g over A's broadcast axes, dB = -sum of g over B's",
                                .source = "ONNX Sub-14"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) { s.broadcast_pair(); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {broadcast(in[0], in[1])}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const broadcasting a(c.in[0].dims(), y[0].dims()), b(c.in[1].dims(), y[0].dims());
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = c.in[0][a(i)] - c.in[1][b(i)];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    sums<S> da(d[0]), db(d[1]);
    for (index i = 0; i < g[0].size(); ++i) {
      da[a(i)] += g[0][i];
      db[b(i)] += -g[0][i];
    }
    da.store();
    db.store();
  }
};

}  // namespace backproof::ops
