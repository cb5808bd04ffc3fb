// MeanVarianceNormalization over any axes.
//
//   y  = (x - m) / s,   m = mean x,   s = sqrt(mean (x - m)^2)
//   dx = (g - mean g - y mean(g y)) / s
//
// There is no value where all elements of a set are equal. As ONNX defines it there is no epsilon; its decomposition
// into other operators adds 1e-9 to s, by which an implementation in f64 may be off.
// Source: ONNX MeanVarianceNormalization-13.
#pragma once

#include "frames/normalization.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct mean_variance_normalization : normalization::layer<mean_variance_normalization> {
  static constexpr op_info info{.name = "mean_variance_normalization",
                                .onnx = "MeanVarianceNormalization",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y = (x - mean x) / sqrt(mean (x - m)^2)",
                                .vjp = "dx = (g - mean g - y mean(g y)) / s",
                                .source = "ONNX MeanVarianceNormalization-13"};
  static constexpr law laws[] = {law::homogeneous(0), law::shift(0)};

  static void draw(sampler& s) {
    shape x = s.dims(2, 4);
    const index_t rank = static_cast<index_t>(x.size());
    const auto axes = s.attribute("axes", reduction::some_axes(s, rank, s.choose<index_t>({2, 1, 3})));
    index_t& first = x[static_cast<std::size_t>(axes[0] < 0 ? axes[0] + rank : axes[0])];
    if (first > 0) first = std::max<index_t>(first, 3);  // of two elements, y is 1 and -1
    s.input(x, s.choose({domain{}, domain{.low = 24, .high = 40}}));
  }

  static groups sets(const attributes& a, const shape& x) { return groups(x, a.integers("axes")); }
  static shape parameter(const shape& p, const shape&) { return p; }
  static double epsilon(const attributes&) { return 0; }

  // Equal elements have no deviation to be divided by: there is no derivative.
  static void kinks(const call<real>& c, cotangents<real>, subdifferential& s) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const groups all = sets(c.attrs, c.in[0].dims());
    for (index_t o = 0; o < all.count(); ++o) {
      const std::vector<index_t>& at = all[o];
      if (!std::all_of(at.begin(), at.end(), [&](index_t i) { return c.in[0][i] == c.in[0][at[0]]; })) continue;
      for (const index_t i : at) s.interval({0, i}, -infinity, infinity, 0, real(1));
    }
  }

  using variants = variant_list<normalization::by_one_pass<mean_variance_normalization>,
                                normalization::by_folding<mean_variance_normalization>>;
};

}  // namespace backproof::ops
