// square, elementwise.
//
//   y  = x^2
//   dx = 2 x g
//
// Smooth everywhere. Overflows from |x| = 255.9 in f16, 1.84e19 in f32.
// Source: torch.square.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct square : elementwise::unary<square> {
  static constexpr op_info info{
      .name = "square", .signature = "x -> y", .formula = "y = x^2", .vjp = "dx = 2 x g", .source = "torch.square"};
  static constexpr law laws[] = {law::homogeneous(2), law::reflection(0)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return x * x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return S(2) * x * g;
  }
};

}  // namespace backproof::ops
