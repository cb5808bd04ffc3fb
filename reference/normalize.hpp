// Vectors along one axis divided by their p-norm, or by eps where that is more.
//
//   y  = x / n,   n = max(|x|_p, eps)
//   dx = (g - u <g, y>) / n,   u the gradient of |x|_p;   g / eps where |x|_p < eps
//
// g / eps, 1e12 g with torch's eps at the zero vector, is the derivative. Kinks: those of the norm (elements that are
// zero for p = 1, magnitudes that tie for p = inf), and where the norm equals eps.
// Source: torch.nn.functional.normalize, p = 1 or more.
#pragma once

#include "frames/unit_length.hpp"

namespace backproof::ops {

struct normalize : normalization::unit_length<normalize> {
  static constexpr op_info info{.name = "normalize",
                                .signature = "input -> output",
                                .formula = "y = x / max(|x|_p, eps)",
                                .vjp = "dx = (g - u <g, y>) / |x|_p, u its gradient; g / eps where that is less",
                                .source = "torch.nn.functional.normalize"};

  static void draw(sampler& s) {
    const double p = s.attribute("p", s.choose({2.0, 1.0, 3.0, std::numeric_limits<double>::infinity()}));
    s.attribute("eps", s.choose({1e-12, 0.5}));
    s.input(normalization::draw_vectors(s), {.distinct = std::isinf(p), .kinks = {0}});
  }

  static double p(const attributes& a) { return a.number("p"); }
  static double least(const attributes& a) { return a.number("eps"); }

  using variants = variant_list<normalization::by_powers<normalize>>;
};

}  // namespace backproof::ops
