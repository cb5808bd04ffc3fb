// Sinh, elementwise.
//
//   y  = sinh(x)
//   dx = g cosh(x)
//
// Smooth everywhere. Drawn from [-80, 80]; f32 overflows from |x| = 89.42, f64 from 710.48, where exp(x) has already
// overflowed for a while (from 88.72 and 709.78).
// Source: ONNX Sinh-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct sinh : elementwise::unary<sinh> {
  static constexpr op_info info{.name = "sinh",
                                .onnx = "Sinh",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = sinh(x)",
                                .vjp = "dx = g cosh(x)",
                                .source = "ONNX Sinh-22"};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -80, .high = 80}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::sinh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * math::cosh(x);
  }

  struct from_exponentials : elementwise::unary<from_exponentials> {
    static constexpr variant_info info{.name = "(exp(x)-exp(-x))/2",
                                       .loss = "cancels near 0, and exp(x) overflows before sinh and cosh do",
                                       .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return (math::exp(x) - math::exp(-x)) / S(2);
    }
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g * ((math::exp(x) + math::exp(-x)) / S(2));
    }
  };
  using variants = variant_list<from_exponentials>;
};

}  // namespace backproof::ops
