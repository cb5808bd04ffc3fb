// Tanh, elementwise.
//
//   y  = tanh(x)
//   dx = g 4 e / (1 + e)^2,   e = exp(-2|x|)
//
// Smooth everywhere. exp(-2|x|) never overflows. The derivative 1 / cosh(x)^2 is written in it because 1 - y^2,
// computed from a rounded y, has lost all digits from |x| = 9.01 in f32, 19.06 in f64.
// Source: ONNX Tanh-13.
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct tanh {
  static constexpr op_info info{.name = "tanh",
                                .onnx = "Tanh",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = tanh(x)",
                                .vjp = "dx = g 4 e / (1 + e)^2, e = exp(-2|x|)",
                                .source = "ONNX Tanh-13",
                                .unary = true};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = math::tanh(c.in[0][i]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index i = 0; i < d[0].size(); ++i) {
      const S e = math::exp(S(-2) * math::abs(c.in[0][i])), one_and_e = S(1) + e;
      d[0][i] = g[0][i] * (S(4) * e / (one_and_e * one_and_e));
    }
  }

  struct from_output {
    static constexpr variant_info info{
        .name = "1-y*y", .loss = "1-y*y from the rounded output cancels for large |x|", .keeps_sign = true};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      for (index i = 0; i < d[0].size(); ++i) {
        const S y = math::tanh(c.in[0][i]);
        d[0][i] = g[0][i] * (S(1) - y * y);
      }
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
