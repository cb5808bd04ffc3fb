// Norms and singular values of Jacobians: of a matrix, of a convolution, and of products that must never be formed.
#pragma once

#include <vector>

#include "backproof/flow/model/convolution.hpp"
#include "backproof/number/decomposition.hpp"
#include "backproof/number/linear_map.hpp"

namespace backproof::flow {

// lower <= ||J||_2 <= upper, each up to rounding, by methods that share nothing.
struct norm_bracket {
  double lower = 0, upper = 0;
  int steps = 0;  // of the method from below
};
norm_bracket spectral_norm(const matrix& m);

// The singular values of J_L ... J_1 as decimal logarithms, the largest first. If a product of 32 Gaussian matrices is
// formed, its smallest singular values are lost entirely (they come out as 0). Here each factor is instead multiplied
// onto an orthogonal Q and decomposed anew, and the logarithms of R's diagonal are added up. One pass estimates the
// Lyapunov exponents; each further pass, by J^T and then by J again, is a step of orthogonal iteration on J^T J.
struct product_spectrum {
  std::vector<double> log10_values;
  double floor = 0;  // below the largest value by what a formed product would have kept: 16 decades
};
product_spectrum spectrum_of_product(const std::vector<linear_map>& factors, int sweeps);

// Moments of a Jacobian's squared singular values, s^2: they need no decomposition.
struct moments {
  double first = 0;                                                       // ||J||_F^2 / columns
  double second = 0;                                                      // ||J^T J||_F^2 / columns
  double variance_ratio() const { return second / (first * first) - 1; }  // Var(s^2) / mean^2
};
moments moments_of(const matrix& j);

// All singular values of a circular convolution of stride 1, the largest first (number/spectral.hpp).
vector circular_singular_values(const convolution_shape& s, const matrix& kernel);

// A bound from above on the norm of a zero-padded convolution, whatever its stride: the norm of the circular one on a
// grid that is so large that nothing wraps around.
double padded_convolution_bound(const convolution_shape& s, const matrix& kernel);

}  // namespace backproof::flow
