// LpNormalization: vectors along one axis divided by their 1-norm or 2-norm.
//
//   y  = x / n,   n = |x|_p;   0 where n = 0
//   dx = (g - u <g, y>) / n,   u = y for p = 2, sgn x for p = 1
//
// Kinks, for p = 1, at elements that are zero: u there is anything in [-1, 1], and the reference takes 0. At the zero
// vector y is not continuous, so no gradient is wrong; the reference's is 0.
// Source: ONNX LpNormalization-22. Its reference implementation takes sum x for p = 1, which is no norm.
#pragma once

#include "frames/unit_length.hpp"

namespace backproof::ops {

struct lp_normalization : normalization::unit_length<lp_normalization> {
  static constexpr op_info info{.name = "lp_normalization",
                                .onnx = "LpNormalization",
                                .opset = 22,
                                .signature = "input -> output",
                                .formula = "y = x / |x|_p, 0 where that is 0",
                                .vjp = "dx = (g - u <g, y>) / |x|_p, u = y for p = 2, sgn x for p = 1",
                                .source = "ONNX LpNormalization-22"};
  static constexpr law laws[] = {law::homogeneous(0)};

  static void draw(sampler& s) {
    s.attribute("p", s.choose<index_t>({2, 1}));
    s.input(normalization::draw_vectors(s), {.kinks = {0}});
  }

  static double p(const attributes& a) {
    const index_t p = a.integer("p");
    return p == 1 || p == 2 ? static_cast<double>(p) : throw invalid_input("p is neither 1 nor 2");
  }
  static double least(const attributes&) { return 0; }

  using variants = variant_list<normalization::by_powers<lp_normalization>>;
};

}  // namespace backproof::ops
