// Relu, elementwise.
//
//   y  = max(0, x)
//   dx = g for x > 0, else 0
//
// Kink at x = 0: anything in g [0, 1] is a subgradient, and the reference takes 0. Data is selected, never multiplied:
// y and dx must be right bit for bit, subnormal x > 0 must pass g on, and where x < 0 the gradient is 0 whatever g is.
// Source: ONNX Relu-14; max(0, W x) of the backpropagation lectures.
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct relu {
  static constexpr op_info info{.name = "relu",
                                .onnx = "Relu",
                                .opset = 14,
                                .signature = "X -> Y",
                                .formula = "y = max(0, x)",
                                .vjp = "dx = g for x > 0, else 0",
                                .source = "ONNX Relu-14",
                                .unary = true};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.kinks = {0}}); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index i = 0; i < y[0].size(); ++i) {
      const S& x = c.in[0][i];
      y[0][i] = x < S(0) || x == S(0) ? S(0) : x;  // a NaN is neither, and stays
    }
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index i = 0; i < d[0].size(); ++i) d[0][i] = S(0) < c.in[0][i] ? g[0][i] : S(0);
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    for (index i = 0; i < g[0].size(); ++i)
      if (c.in[0][i] == real(0)) s.interval({0, i}, 0, 1, 0, g[0][i]);
  }
};

}  // namespace backproof::ops
