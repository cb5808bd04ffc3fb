#include "backproof/number/linear_map.hpp"

#include <algorithm>
#include <cmath>

#include "backproof/number/decomposition.hpp"

namespace backproof {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

linear_map map_of(const MatrixXd& j) {
  return {j.rows(), j.cols(), [&j](const MatrixXd& u) -> MatrixXd { return j * u; },
          [&j](const MatrixXd& v) -> MatrixXd { return j.transpose() * v; }};
}

namespace {

void make_orthogonal(VectorXd& x, const MatrixXd& to, Index columns) {
  for (int twice = 0; twice < 2; ++twice)  // once leaves an error that a second pass removes (Kahan and Parlett)
    x -= to.leftCols(columns) * (to.leftCols(columns).transpose() * x);
}

// Not orthogonal to any singular vector that a structured matrix is likely to have.
VectorXd start(Index n) {
  return VectorXd::NullaryExpr(n, [](Index i) { return std::cos(1.0 + 1.7 * static_cast<double>(i * i)); })
      .normalized();
}

// So many steps that are not negligible, as the upper bidiagonal matrix that they find.
MatrixXd bidiagonal(const linear_map& j, Index steps, double least_gain) {
  MatrixXd u = MatrixXd::Zero(j.rows, steps), v = MatrixXd::Zero(j.columns, steps), b = MatrixXd::Zero(steps, steps);
  const auto counts = [&](double x) { return x > 1e-14 * b.norm() && std::isfinite(x); };
  VectorXd next = start(j.columns);
  double last = 0;
  for (Index k = 0; k < steps; ++k) {
    const auto found = b.topLeftCorner(k + 1, k + 1);
    v.col(k) = next;
    VectorXd p = j.along(next);
    make_orthogonal(p, u, k);
    const double alpha = p.norm();
    if (!counts(alpha)) return found;
    b(k, k) = alpha;
    u.col(k) = p / alpha;
    next = j.back(u.col(k));
    make_orthogonal(next, v, k + 1);
    const double beta = next.norm();
    if (k + 1 == steps || !counts(beta)) return found;
    if (least_gain > 0) {
      const double now = singular_values(found)(0);
      if (k > 4 && now - last < least_gain * now) return found;
      last = now;
    }
    b(k, k + 1) = beta;
    next /= beta;
  }
  return b;
}

}  // namespace

norm_bound norm_from_below(const linear_map& j, int most_steps, double least_gain) {
  // Started in the smaller of the two spaces, as many steps as it has dimensions find all of J.
  if (j.rows < j.columns) return norm_from_below({j.columns, j.rows, j.back, j.along}, most_steps, least_gain);
  const MatrixXd b = bidiagonal(j, std::min<Index>(j.columns, most_steps), least_gain);
  return {b.size() == 0 ? 0 : singular_values(b)(0), static_cast<int>(b.cols())};
}

double norm_from_above(const MatrixXd& m, int steps) {
  const double scale = m.size() == 0 ? 0 : m.cwiseAbs().maxCoeff();
  if (scale == 0) return 0;
  const MatrixXd unit = m / scale;  // squares shall neither overflow nor underflow
  MatrixXd g = m.rows() < m.cols() ? MatrixXd(unit * unit.transpose()) : MatrixXd(unit.transpose() * unit);
  double log_norm = 0, power = 1;  // of what has been divided out, per power of J^T J
  for (int k = 1; k < steps; ++k, power *= 2) {
    const double f = g.norm();
    log_norm += std::log(f) / power;
    g /= f;
    g = (g * g).eval();
  }
  return scale * std::exp((log_norm + std::log(g.norm()) / power) / 2);
}

}  // namespace backproof
