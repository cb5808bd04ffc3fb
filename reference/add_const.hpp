// Addition of a constant, elementwise.
//
//   y  = x + c
//   dx = g
//
// Affine, smooth everywhere. The gradient passes unchanged, bit for bit, even where y has lost all of x to a large c.
// Source: f_c(x) = c + x in the circuit example of the backpropagation lectures.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct add_const : elementwise::unary<add_const> {
  static constexpr op_info info{.name = "add_const",
                                .signature = "x -> y",
                                .formula = "y = x + c",
                                .vjp = "dx = g",
                                .source = "circuit example of the backpropagation lectures"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    s.attribute("c", s.choose({1.5, -3.0, 0.0, 0.1, 1e8}));
    s.input(s.dims(0, 3));
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return x + S(a.number("c"));
  }

  template <scalar S>
  static S pull(const S&, const S& g, const attributes&) {
    return g;
  }
};

}  // namespace backproof::ops
