// Tanh, elementwise.
//
//   y  = tanh(x)
//   dx = g 4 e / (1 + e)^2,   e = exp(-2|x|)
//
// Smooth everywhere. exp(-2|x|) never overflows. The derivative 1 / cosh(x)^2 is written in it because 1 - y^2,
// computed from a rounded y, has lost all digits from |x| = 9.01 in f32, 19.06 in f64.
// Source: ONNX Tanh-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct tanh : elementwise::unary<tanh> {
  static constexpr op_info info{.name = "tanh",
                                .onnx = "Tanh",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y = tanh(x)",
                                .vjp = "dx = g 4 e / (1 + e)^2, e = exp(-2|x|)",
                                .source = "ONNX Tanh-13"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return math::tanh(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const S e = math::exp(S(-2) * math::abs(x)), one_and_e = S(1) + e;
    return g * (S(4) * e / (one_and_e * one_and_e));
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "1-y*y", .loss = "1-y*y from the rounded output cancels for large |x|", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S y = math::tanh(x);
      return g * (S(1) - y * y);
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
