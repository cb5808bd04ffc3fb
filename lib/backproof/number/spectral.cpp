#include "backproof/number/spectral.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "backproof/number/decomposition.hpp"
#include "backproof/number/linear_map.hpp"

namespace backproof {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// The symbol at one frequency, as the real matrix [Re, -Im; Im, Re], which has each of its singular values twice.
MatrixXd symbol(const convolution_kernel& k, const std::vector<long>& grid, const std::vector<long>& frequency) {
  const auto m = static_cast<Index>(k.outputs), n = static_cast<Index>(k.inputs);
  MatrixXd s = MatrixXd::Zero(2 * m, 2 * n);
  const std::size_t taps = k.elements.size() / (k.outputs * k.inputs);
  for (std::size_t t = 0; t < taps; ++t) {
    double turns = 0;
    std::size_t rest = t;
    for (std::size_t axis = k.taps.size(); axis-- > 0;) {
      const auto extent = static_cast<std::size_t>(k.taps[axis]);
      turns += static_cast<double>(rest % extent) * static_cast<double>(k.dilations[axis] * frequency[axis]) /
               static_cast<double>(grid[axis]);
      rest /= extent;
    }
    const double angle = 2 * std::acos(-1.0) * turns, re = std::cos(angle), im = std::sin(angle);
    for (Index o = 0; o < m; ++o)
      for (Index i = 0; i < n; ++i) {
        const double w = k.elements[static_cast<std::size_t>(o * n + i) * taps + t];
        s(o, i) += w * re, s(m + o, n + i) += w * re;
        s(m + o, i) += w * im, s(o, n + i) -= w * im;
      }
  }
  return s;
}

// Calls visit(frequency, times) for frequencies of which each other one is the negative: there the symbol of a real
// kernel is the conjugate, which has the same singular values. times is 2 where the negative is another one.
template <class F>
void each_frequency(const std::vector<long>& grid, F visit) {
  std::vector<long> frequency(grid.size(), 0), negative = frequency;
  for (bool more = true; more;) {
    for (std::size_t axis = 0; axis < grid.size(); ++axis) negative[axis] = (grid[axis] - frequency[axis]) % grid[axis];
    if (frequency <= negative) visit(frequency, frequency == negative ? 1 : 2);
    more = false;
    for (std::size_t axis = grid.size(); axis-- > 0 && !more;) {
      more = ++frequency[axis] < grid[axis];
      if (!more) frequency[axis] = 0;
    }
  }
}

}  // namespace

std::vector<double> circular_singular_values(const convolution_kernel& k, const std::vector<long>& grid) {
  std::vector<double> all;
  each_frequency(grid, [&](const std::vector<long>& frequency, int times) {
    const Eigen::VectorXd twice = singular_values(symbol(k, grid, frequency));
    for (Index i = 0; i < twice.size(); i += 2) all.insert(all.end(), static_cast<std::size_t>(times), twice(i));
  });
  std::sort(all.begin(), all.end(), std::greater<>());
  return all;
}

double circular_convolution_norm(const convolution_kernel& k, const std::vector<long>& grid) {
  const std::vector<double> all = circular_singular_values(k, grid);
  return all.empty() ? 0 : all.front();
}

spectral_bracket spectral_norm(const dense_matrix& j) {
  if (j.elements.empty()) return {};
  using row_major = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const MatrixXd m =
      Eigen::Map<const row_major>(j.elements.data(), static_cast<Index>(j.rows), static_cast<Index>(j.columns));
  // A common factor is divided out first, so that squares neither overflow nor underflow.
  const double scale = m.cwiseAbs().maxCoeff();
  if (scale == 0) return {};
  const MatrixXd unit = m / scale;
  return {scale * norm_from_below(map_of(unit), 40, 0).value, scale * norm_from_above(unit, 13),
          scale * singular_values(unit)(0)};
}

}  // namespace backproof
