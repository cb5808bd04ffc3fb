// Celu, elementwise, alpha > 0.
//
//   y  = x for x >= 0, else alpha (exp(x / alpha) - 1)
//   dx = g for x > 0, else g exp(x / alpha)
//
// Continuously differentiable. exp - 1 loses the digits of a small x, so y is written in expm1; the derivative from the
// output, y / alpha + 1, loses those of an x far below 0. An alpha that is no number of f32 tells a subject that keeps
// it as one. Source: ONNX Celu-12; Barron, Continuously differentiable exponential linear units, 2017.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct celu : elementwise::unary<celu> {
  static constexpr op_info info{.name = "celu",
                                .onnx = "Celu",
                                .opset = 12,
                                .signature = "X -> Y",
                                .formula = "y = max(0, x) + min(0, alpha (exp(x / alpha) - 1))",
                                .vjp = "dx = g for x > 0, else g exp(x / alpha)",
                                .source = "ONNX Celu-12"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) {
    s.attribute("alpha", s.choose({1.0, 0.5, 1.3, 2.0}));
    s.input(s.dims(0, 3));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("alpha") > 0)) throw invalid_input("alpha must be positive");
    return {in[0]};
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    const S alpha(a.number("alpha"));
    return x < S(0) ? alpha * math::expm1(x / alpha) : x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return S(0) < x ? g : g * math::exp(x / S(a.number("alpha")));
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "y/alpha+1", .loss = "y/alpha+1 from the rounded output cancels for x far below 0", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes& a) {
      return S(0) < x ? g : g * (value(x, a) / S(a.number("alpha")) + S(1));
    }
  };
  struct exp_less_one : elementwise::unary_value<exp_less_one> {
    static constexpr variant_info info{.name = "exp(x/alpha)-1", .loss = "cancels for small x", .keeps_sign = true};
    template <scalar S>
    static S value(const S& x, const attributes& a) {
      const S alpha(a.number("alpha"));
      return x < S(0) ? alpha * (math::exp(x / alpha) - S(1)) : x;
    }
  };
  using variants = variant_list<from_output, exp_less_one>;
};

}  // namespace backproof::ops
