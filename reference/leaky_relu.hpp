// LeakyRelu, elementwise.
//
//   y  = x for x >= 0, else alpha x
//   dx = g for x >= 0, else alpha g
//
// Kink at x = 0: any slope between alpha and 1 is a subgradient, and the reference takes 1. The branch is on x and not
// on y, which has the other sign if alpha is negative. With alpha 0, y is 0 at -inf too, which is the limit.
// Source: ONNX LeakyRelu-16; THNN LeakyReLU.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct leaky_relu : elementwise::unary<leaky_relu> {
  static constexpr op_info info{.name = "leaky_relu",
                                .onnx = "LeakyRelu",
                                .opset = 16,
                                .signature = "X -> Y",
                                .formula = "y = x for x >= 0, else alpha x",
                                .vjp = "dx = g for x >= 0, else alpha g",
                                .source = "ONNX LeakyRelu-16"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) {
    const double alpha =
        s.choose({static_cast<double>(0.01f), static_cast<double>(0.3f), 1.0, 1.5, 0.0, static_cast<double>(-0.7f)});
    s.attribute("alpha", alpha);
    // With alpha 0, a few negative elements would leave no gradient at all.
    s.input(s.dims(alpha == 0 ? 2 : 0, 3), {.kinks = {0}});
  }

  template <scalar S>
  static S scaled(const S& x, const attributes& a) {
    const S alpha(a.number("alpha"));
    return alpha == S(0) ? S(0) : alpha * x;
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return x < S(0) ? scaled(x, a) : x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return x < S(0) ? scaled(g, a) : g;
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    const real alpha(a.number("alpha"));
    if (x == real(0)) return elementwise::slopes{math::min(alpha, real(1)), math::max(alpha, real(1))};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
