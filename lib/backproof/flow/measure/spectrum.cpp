#include "backproof/flow/measure/spectrum.hpp"

#include <algorithm>
#include <cmath>

#include "backproof/flow/model/random.hpp"
#include "backproof/number/spectral.hpp"

namespace backproof::flow {

norm_bracket spectral_norm(const matrix& m) {
  const norm_bound below = norm_from_below(backproof::map_of(m));
  norm_bracket found{below.value, norm_from_above(m), below.steps};
  // Where both are the norm, they are so up to rounding, and may seem to have changed places.
  if (found.lower <= found.upper * (1 + 1e-13)) found.lower = std::min(found.lower, found.upper);
  return found;
}

namespace {

// One pass over the factors; adds the logarithms of R's diagonal. Rows that vanish entirely stay at -infinity.
matrix pass(const std::vector<linear_map>& factors, bool upwards, matrix q, std::vector<double>& logs) {
  logs.assign(static_cast<std::size_t>(q.cols()), 0);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const linear_map& f = upwards ? factors[factors.size() - 1 - i] : factors[i];
    orthogonalised step = orthogonalise(upwards ? f.back(q) : f.along(q));
    q = std::move(step.q);
    for (std::size_t c = 0; c < logs.size(); ++c)
      logs[c] += std::log10(std::fabs(step.diagonal(static_cast<Index>(c))));
  }
  return q;
}

}  // namespace

product_spectrum spectrum_of_product(const std::vector<linear_map>& factors, int sweeps) {
  product_spectrum out;
  if (factors.empty()) return out;
  Index k = factors[0].columns;
  for (const linear_map& f : factors) k = std::min(k, f.rows);
  matrix q = source(1, "sweep").orthogonal(factors[0].columns, k);
  for (int s = 0; s < sweeps; ++s) {
    q = pass(factors, false, std::move(q), out.log10_values);
    q = pass(factors, true, std::move(q), out.log10_values);
  }
  pass(factors, false, std::move(q), out.log10_values);
  std::sort(out.log10_values.rbegin(), out.log10_values.rend());
  out.floor = out.log10_values[0] - 16;
  return out;
}

moments moments_of(const matrix& j) {
  const double n = static_cast<double>(j.cols());
  const matrix gram = j.rows() < j.cols() ? matrix(j * j.transpose()) : matrix(j.transpose() * j);
  return {j.squaredNorm() / n, gram.squaredNorm() / n};
}

namespace {

convolution_kernel kernel_of(const convolution_shape& s, const matrix& kernel) {
  convolution_kernel k{.outputs = static_cast<std::size_t>(s.outputs),
                       .inputs = static_cast<std::size_t>(s.in.channels),
                       .taps = {s.tall, s.wide},
                       .dilations = {1, 1},
                       .elements = {}};
  for (Index o = 0; o < kernel.rows(); ++o)
    for (Index i = 0; i < kernel.cols(); ++i) k.elements.push_back(kernel(o, i));
  return k;
}

}  // namespace

vector circular_singular_values(const convolution_shape& s, const matrix& kernel) {
  const std::vector<double> all = backproof::circular_singular_values(kernel_of(s, kernel), {s.in.rows, s.in.columns});
  return Eigen::Map<const vector>(all.data(), static_cast<Index>(all.size()));
}

double padded_convolution_bound(const convolution_shape& s, const matrix& kernel) {
  return circular_convolution_norm(kernel_of(s, kernel), {s.in.rows + s.tall - 1, s.in.columns + s.wide - 1});
}

}  // namespace backproof::flow
