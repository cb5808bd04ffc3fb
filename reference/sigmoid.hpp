// Sigmoid, the logistic function, elementwise.
//
//   y  = 1 / (1 + exp(-x))
//   dx = g s(x) s(-x)
//
// Smooth everywhere. exp(-|x|) never overflows, so s is written in it. s(x) s(-x) keeps its digits where s (1-s),
// computed from a rounded s, has lost them all: from x = 17.33 in f32, 37.43 in f64. Source: ONNX Sigmoid-13; the
// circuit example of the backpropagation lectures (negate, exp, add 1, reciprocal).
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct sigmoid : elementwise::unary<sigmoid> {
  static constexpr op_info info{.name = "sigmoid",
                                .onnx = "Sigmoid",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = 1 / (1 + exp(-x))",
                                .vjp = "dx = g s(x) s(-x)",
                                .source = "ONNX Sigmoid-13"};
  static constexpr law laws[] = {law::norm(0.25)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return logistic::sigmoid(x);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return g * logistic::sigmoid(x) * logistic::sigmoid(-x);
  }

  struct from_output : elementwise::unary_vjp<from_output> {
    static constexpr variant_info info{
        .name = "s*(1-s)", .loss = "1-s from the rounded output cancels for large x", .keeps_sign = true};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S s = logistic::sigmoid(x);
      return g * (s * (S(1) - s));
    }
  };
  using variants = variant_list<from_output>;
};

}  // namespace backproof::ops
