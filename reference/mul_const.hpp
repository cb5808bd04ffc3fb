// Multiplication by a constant, elementwise.
//
//   y  = a x
//   dx = a g
//
// Linear, smooth everywhere. With a = -1 nothing is rounded. 0.1 is drawn because f32 does not hold it: in f64 an
// implementation that keeps its constants in f32 is off by 1.5e-8. An a of 0 is not drawn, for its gradient is 0.
// Source: f_a(x) = a x in the circuit example of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct mul_const : elementwise::unary<mul_const> {
  static constexpr op_info info{.name = "mul_const",
                                .signature = "x -> y",
                                .formula = "y = a x",
                                .vjp = "dx = a g",
                                .source = "circuit example of the backpropagation lectures"};
  static constexpr law laws[] = {law::linear(), law::homogeneous(1)};

  static void draw(sampler& s) {
    s.attribute("a", s.choose({-1.5, 0.1, -1.0, 3.0, 0x1p-10}));
    s.input(s.dims(0, 3));
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return x * S(a.number("a"));
  }

  template <scalar S>
  static S pull(const S&, const S& g, const attributes& a) {
    return g * S(a.number("a"));
  }
};

}  // namespace backproof::ops
