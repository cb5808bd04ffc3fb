// Softsign, elementwise.
//
//   y  = x / (1 + |x|)
//   dx = g / (1 + |x|)^2
//
// Continuously differentiable; only the second derivative jumps, at 0. For |x| >= 1 y is written sign(x) / (1 + 1 /
// |x|), which is 1 at inf, where inf / inf would be none. Dividing by 1 + |x| twice cannot overflow, its square can.
// Source: ONNX Softsign-22.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct softsign : elementwise::unary<softsign> {
  static constexpr op_info info{.name = "softsign",
                                .onnx = "Softsign",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = x / (1 + |x|)",
                                .vjp = "dx = g / (1 + |x|)^2",
                                .source = "ONNX Softsign-22"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    const S size = math::abs(x);
    if (size < S(1)) return x / (S(1) + size);
    return S(x < S(0) ? -1 : 1) / (S(1) + S(1) / size);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const S d = S(1) + math::abs(x);
    return g / d / d;
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "(1-|y|)^2", .loss = "1-|y| from the rounded output cancels for large |x|", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      const S rest = S(1) - math::abs(value(x, a));
      return g * (rest * rest);
    }
  };
  struct quotient_rule : elementwise::unary_vjp<quotient_rule> {
    static constexpr variant_info info{.name = "1/d-|x|/d/d, d=1+|x|", .loss = "the difference cancels for large |x|"};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S size = math::abs(x), d = S(1) + size;
      return g / d - g * (size / d / d);
    }
  };
  using variants = variant_list<from_output, quotient_rule>;
};

}  // namespace backproof::ops
