// Cosh, elementwise.
//
//   y  = cosh(x)
//   dx = g sinh(x)
//
// Smooth everywhere. Drawn from [-80, 80]; f32 overflows from |x| = 89.42, f64 from 710.48, where exp(x) has already
// overflowed for a while (from 88.72 and 709.78).
// Source: ONNX Cosh-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct cosh : elementwise::unary<cosh> {
  static constexpr op_info info{.name = "cosh",
                                .onnx = "Cosh",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = cosh(x)",
                                .vjp = "dx = g sinh(x)",
                                .source = "ONNX Cosh-22"};
  static constexpr law laws[] = {law::reflection(0)};

  static void draw(sampler& s) { s.input(s.dims(0, 3), {.low = -80, .high = 80}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::cosh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * math::sinh(x);
  }

  struct from_exponentials : elementwise::unary<from_exponentials> {
    static constexpr variant_info info{
        .name = "(exp(x)+exp(-x))/2",
        .loss = "exp(x) overflows before cosh and sinh do; the difference cancels near 0",
        .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes&) {
      return (math::exp(x) + math::exp(-x)) / S(2);
    }
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      return g * ((math::exp(x) - math::exp(-x)) / S(2));
    }
  };
  using variants = variant_list<from_exponentials>;
};

}  // namespace backproof::ops
