// Reciprocal, elementwise.
//
//   y  = 1 / x
//   dx = -g / x^2
//
// Singular at 0; samples stay on one side of it. The derivative divides by x twice, for x^2 overflows and underflows
// where the quotient need not.
// Source: ONNX Reciprocal-13; the circuit example of the backpropagation lectures (1/x has the derivative -1/x^2).
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct reciprocal {
  static constexpr op_info info{.name = "reciprocal",
                                .onnx = "Reciprocal",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = 1 / x",
                                .vjp = "dx = -g / x^2",
                                .source = "ONNX Reciprocal-13",
                                .unary = true};

  static void draw(sampler& s) {
    const bool negative = s.choose({false, true});
    s.input(s.dims(0, 3), negative ? domain{.low = -1000, .high = -0x1p-10} : domain{.low = 0x1p-10, .high = 1000});
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = S(1) / c.in[0][i];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index i = 0; i < d[0].size(); ++i) d[0][i] = -(g[0][i] / c.in[0][i] / c.in[0][i]);
  }

  struct from_output {
    static constexpr variant_info info{
        .name = "-g*y*y", .loss = "the rounding of the output y = 1/x counts twice", .keeps_sign = true};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      for (index i = 0; i < d[0].size(); ++i) {
        const S y = S(1) / c.in[0][i];
        d[0][i] = -g[0][i] * y * y;
      }
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
