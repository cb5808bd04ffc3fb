#include "backproof/number/spectral.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace backproof {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void orthogonalise(VectorXd& x, const MatrixXd& against, Index columns) {
  for (int twice = 0; twice < 2; ++twice)  // once leaves an error that a second pass removes (Kahan and Parlett)
    x -= against.leftCols(columns) * (against.leftCols(columns).transpose() * x);
}

// Started in the smaller of the two spaces, as many steps as it has dimensions give all of J.
double from_below(const MatrixXd& any) {
  const MatrixXd j = any.rows() < any.cols() ? MatrixXd(any.transpose()) : any;
  const Index steps = std::min<Index>({j.rows(), j.cols(), 40});
  MatrixXd u = MatrixXd::Zero(j.rows(), steps), v = MatrixXd::Zero(j.cols(), steps), b = MatrixXd::Zero(steps, steps);
  // Not orthogonal to any eigenvector that a structured matrix is likely to have.
  VectorXd next =
      VectorXd::NullaryExpr(j.cols(), [](Index i) { return std::cos(1.0 + 1.7 * static_cast<double>(i * i)); });
  next.normalize();
  Index k = 0;
  for (; k < steps; ++k) {
    v.col(k) = next;
    VectorXd p = j * next;
    orthogonalise(p, u, k);
    b(k, k) = p.norm();
    if (b(k, k) <= 1e-14 * b.norm()) break;
    u.col(k) = p / b(k, k);
    next = j.transpose() * u.col(k);
    orthogonalise(next, v, k + 1);
    const double beta = next.norm();
    if (k + 1 == steps || beta <= 1e-14 * b.norm()) break;
    b(k, k + 1) = beta;
    next /= beta;
  }
  return Eigen::JacobiSVD<MatrixXd>(b).singularValues()(0);
}

double from_above(const MatrixXd& j) {
  MatrixXd g = j.rows() < j.cols() ? MatrixXd(j * j.transpose()) : MatrixXd(j.transpose() * j);
  double log_norm = 0;  // of what has been divided out, per power of J^T J
  double power = 1;
  for (int k = 0; k < 12; ++k, power *= 2) {
    const double f = g.norm();
    if (f == 0) return 0;
    log_norm += std::log(f) / power;
    g /= f;
    g = (g * g).eval();
  }
  return std::exp((log_norm + std::log(g.norm()) / power) / 2);
}

// The symbol at one frequency, as the real matrix [Re, -Im; Im, Re], which has the same norm.
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

}  // namespace

double circular_convolution_norm(const convolution_kernel& k, const std::vector<long>& grid) {
  double largest = 0;
  std::vector<long> frequency(grid.size(), 0);
  for (bool more = true; more;) {
    largest = std::max(largest, Eigen::JacobiSVD<MatrixXd>(symbol(k, grid, frequency)).singularValues()(0));
    more = false;
    for (std::size_t axis = grid.size(); axis-- > 0 && !more;) {
      more = ++frequency[axis] < grid[axis];
      if (!more) frequency[axis] = 0;
    }
  }
  return largest;
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
  return {scale * from_below(unit), scale * from_above(unit),
          scale * Eigen::JacobiSVD<MatrixXd>(unit).singularValues()(0)};
}

}  // namespace backproof
