// Mish, elementwise.
//
//   y  = x w,   w = tanh(log(1 + exp(x)))
//   dx = g (w + x (1 - w^2) s(x)),   s the logistic function
//
// Smooth everywhere. With e = exp(-|x|), both are rational, without overflow and without 1 - w^2, which cancels for
// large x:
//
//   x < 0:   n = e (e + 2),           w = n / (n + 2),       w' = (1 - w^2) s(x) = 4 e (1 + e) / (n + 2)^2
//   x >= 0:  D = 1 + 2 e + 2 e^2,     w = (1 + 2 e) / D,     w' = 4 e^2 (1 + e) / D^2
//
// Source: ONNX Mish-22; Misra, Mish: a self regularized non-monotonic activation function, 2019.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct mish : elementwise::unary<mish> {
  static constexpr op_info info{.name = "mish",
                                .onnx = "Mish",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = x tanh(log(1 + exp(x)))",
                                .vjp = "dx = g (w + x (1 - w^2) s(x)), w = tanh(log(1 + exp(x))), in exp(-|x|)",
                                .source = "ONNX Mish-22"};
  static constexpr law laws[] = {law::norm(1.0885)};

  static void draw(sampler& s) { s.input(s.dims(0, 3)); }

  template <scalar S>
  struct parts {
    S w, slope;  // w and w'
  };
  template <scalar S>
  static parts<S> parts_at(const S& x) {
    const S e = math::exp(-math::abs(x));
    if (x < S(0)) {
      const S n = e * (e + S(2)), d = n + S(2);
      return {n / d, S(4) * e * (S(1) + e) / (d * d)};
    }
    const S d = S(1) + S(2) * e + S(2) * e * e;
    return {(S(1) + S(2) * e) / d, S(4) * e * e * (S(1) + e) / (d * d)};
  }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return logistic::gated(x, parts_at(x).w);
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    const parts<S> p = parts_at(x);
    return g * (p.w + logistic::gated(x, p.slope));
  }

  struct one_minus_square : elementwise::unary_vjp<one_minus_square> {
    static constexpr variant_info info{
        .name = "w+x*s*(1-w*w)", .loss = "1-w*w from the rounded w cancels for large x, and x multiplies what is left"};
    template <scalar S>
    static S pull(const S& x, const S& g, const attributes&) {
      const S w = math::tanh(logistic::softplus(x));
      return g * (w + x * logistic::sigmoid(x) * (S(1) - w * w));
    }
  };
  using variants = variant_list<one_minus_square>;
};

}  // namespace backproof::ops
