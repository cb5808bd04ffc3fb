// Tan, elementwise.
//
//   y  = sin(x) / cos(x)
//   dx = g / cos(x)^2
//
// Poles at pi/2 + k pi; samples keep a distance of 1/16 from them, on one of the branches around 0. Written as a
// quotient, so that an x which may lie on either side of a pole, once it is rounded, has no bound.
// Source: ONNX Tan-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct tan : elementwise::unary<tan> {
  static constexpr op_info info{.name = "tan",
                                .onnx = "Tan",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = tan(x)",
                                .vjp = "dx = g / cos(x)^2",
                                .source = "ONNX Tan-22"};

  static void draw(sampler& s) {
    switch (s.choose({0, 1, 2, 3})) {
      case 1:
        return s.input(s.dims(0, 3), {.low = 1.65, .high = 4.625});
      case 2:
        return s.input(s.dims(0, 3), {.low = -4.625, .high = -1.65});
      default:
        return s.input(s.dims(0, 3), {.low = -1.5, .high = 1.5});
    }
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::sin(x) / math::cos(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const S c = math::cos(x);
    return g / (c * c);
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "g*(1+y*y)", .loss = "the rounding of the output y = tan(x) counts twice", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S y = math::sin(x) / math::cos(x);
      return g * (S(1) + y * y);
    }
  };
  struct from_sine : elementwise::unary_vjp<from_sine> {
    static constexpr variant_info info{.name = "g/(1-sin(x)^2)", .loss = "1-sin(x)^2 cancels near the poles"};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S s = math::sin(x);
      return g / (S(1) - s * s);
    }
  };
  using variants = variant_list<from_output, from_sine>;
};

}  // namespace backproof::ops
