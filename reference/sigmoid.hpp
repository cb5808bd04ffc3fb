// Sigmoid, the logistic function, elementwise.
//
//   y  = 1 / (1 + exp(-x))
//   dx = g s(x) s(-x)
//
// Smooth everywhere. exp(-|x|) never overflows, so both forms below are written in it. s(x) s(-x) keeps its digits
// where s (1-s), computed from a rounded s, has lost them all: from x = 17.33 in f32, 37.43 in f64. Source: ONNX
// Sigmoid-13; the circuit example of the backpropagation lectures (negate, exp, add 1, reciprocal).
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct sigmoid {
  static constexpr op_info info{.name = "sigmoid",
                                .onnx = "Sigmoid",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = 1 / (1 + exp(-x))",
                                .vjp = "dx = g s(x) s(-x)",
                                .source = "ONNX Sigmoid-13",
                                .unary = true};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <scalar S>
  static S at(const S& x) {
    const S e = math::exp(-math::abs(x));
    return x < S(0) ? e / (S(1) + e) : S(1) / (S(1) + e);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = at(c.in[0][i]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i] * at(c.in[0][i]) * at(-c.in[0][i]);
  }

  struct from_output {
    static constexpr variant_info info{
        .name = "s*(1-s)", .loss = "1-s from the rounded output cancels for large x", .keeps_sign = true};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      for (index i = 0; i < d[0].size(); ++i) {
        const S s = at(c.in[0][i]);
        d[0][i] = g[0][i] * (s * (S(1) - s));
      }
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
