// Reciprocal, elementwise.
//
//   y  = 1 / x
//   dx = -g / x^2
//
// Singular at 0; samples stay on one side of it. The derivative divides by x twice, for x^2 overflows and underflows
// where the quotient need not.
// Source: ONNX Reciprocal-13; the circuit example of the backpropagation lectures (1/x has the derivative -1/x^2).
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct reciprocal : elementwise::unary<reciprocal> {
  static constexpr op_info info{.name = "reciprocal",
                                .onnx = "Reciprocal",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = 1 / x",
                                .vjp = "dx = -g / x^2",
                                .source = "ONNX Reciprocal-13"};
  static constexpr law laws[] = {law::homogeneous(-1)};

  static void draw(sampler& s) {
    const bool negative = s.choose({false, true});
    s.input(s.dims(0, 3), negative ? domain{.low = -1000, .high = -0x1p-10} : domain{.low = 0x1p-10, .high = 1000});
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return S(1) / x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return -(g / x / x);
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "-g*y*y", .loss = "the rounding of the output y = 1/x counts twice", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S y = S(1) / x;
      return -g * y * y;
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
