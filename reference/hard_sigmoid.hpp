// HardSigmoid, elementwise.
//
//   y  = max(0, min(1, t)),   t = alpha x + beta
//   dx = g alpha for 0 < t < 1, else 0
//
// Kinks where t is 0 or 1: any slope between 0 and alpha is a subgradient. t is computed before it is compared, so near
// a kink either side may be found. ONNX's default alpha is 0.2; torch's is 1/6, which is no number of any dtype.
// Source: ONNX HardSigmoid-22.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct hard_sigmoid : elementwise::unary<hard_sigmoid> {
  static constexpr op_info info{.name = "hard_sigmoid",
                                .onnx = "HardSigmoid",
                                .opset = 22,
                                .signature = "X -> Y",
                                .formula = "y = max(0, min(1, alpha x + beta))",
                                .vjp = "dx = g alpha for 0 < alpha x + beta < 1, else 0",
                                .source = "ONNX HardSigmoid-22"};

  static void draw(sampler& s) {
    const index_t kind = s.pick(4);
    constexpr double alphas[] = {static_cast<double>(0.2f), 1.0 / 6, 0.375, -0.5}, betas[] = {0.5, 0.5, 0.25, 0.625};
    const double alpha = s.attribute("alpha", alphas[kind]), beta = s.attribute("beta", betas[kind]);
    const double zero = -beta / alpha, one = (1 - beta) / alpha;  // x where t is 0, and 1
    const double low = std::min(zero, one), high = std::max(zero, one), margin = (high - low) / 4;
    // Where t lies outside of [0, 1] altogether there is no gradient.
    s.input(s.dims(1, 3), {.low = low - margin, .high = high + margin, .kinks = {zero, one}});
  }

  // Both constants are known to one unit roundoff only, for (x + 3) / 6 is another way to write x / 6 + 1 / 2.
  template <scalar S>
  static S ramp(const S& x, const attributes& a) {
    return math::constant<S>(a.number("alpha")) * x + math::constant<S>(a.number("beta"));
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    return math::max(math::min(ramp(x, a), S(1)), S(0));  // in this order a NaN stays
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    const S t = ramp(x, a);
    return S(0) < t && t < S(1) ? g * S(a.number("alpha")) : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential& s) {
    const real alpha(a.number("alpha")), t = ramp(x, a);
    const real scale = abs(alpha * x) + abs(real(a.number("beta")));
    if (!s.near(t, scale) && !s.near(t - real(1), scale)) return std::nullopt;
    return elementwise::slopes{math::min(alpha, real(0)), math::max(alpha, real(0))};
  }
};

}  // namespace backproof::ops
