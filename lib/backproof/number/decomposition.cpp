#include "backproof/number/decomposition.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <limits>

namespace backproof {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// The diagonal of a bidiagonal matrix that has the singular values of m, and its superdiagonal, taking turns:
// reflections make zeros of a column, then of a row (Golub and Kahan 1965). m is not wider than tall.
VectorXd bidiagonal(MatrixXd m) {
  const Index columns = m.cols();
  VectorXd b(2 * columns - 1), work(m.rows());
  double factor = 0;
  for (Index k = 0; k < columns; ++k) {
    const Index below = m.rows() - k, right = columns - k - 1;
    m.col(k).tail(below).makeHouseholderInPlace(factor, b(2 * k));
    if (right == 0) break;
    m.bottomRightCorner(below, right).applyHouseholderOnTheLeft(m.col(k).tail(below - 1), factor, work.data());
    m.row(k).tail(right).makeHouseholderInPlace(factor, b(2 * k + 1));
    m.bottomRightCorner(below - 1, right)
        .applyHouseholderOnTheRight(m.row(k).tail(right - 1).transpose(), factor, work.data());
  }
  return b;
}

// The singular values of a bidiagonal matrix B are those eigenvalues of [0, B; B^T, 0] that are not negative. With rows
// and columns taking turns that is tridiagonal, zero on its diagonal and B's elements beside it.
VectorXd by_bidiagonal(const MatrixXd& m) {
  const VectorXd beside = bidiagonal(m.rows() < m.cols() ? m.transpose() : m);
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(VectorXd::Zero(beside.size() + 1), beside, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().tail((beside.size() + 1) / 2).reverse().cwiseMax(0);
}

}  // namespace

VectorXd singular_values(const MatrixXd& m) {
  constexpr Index small = 32;  // of what is larger, Jacobi's rotations take many times as long
  const Index count = std::min(m.rows(), m.cols());
  if (count == 0) return {};
  if (!m.allFinite()) return VectorXd::Constant(count, std::numeric_limits<double>::quiet_NaN());
  if (count <= small) return Eigen::JacobiSVD<MatrixXd>(m).singularValues();
  const double scale = m.cwiseAbs().maxCoeff();
  if (scale == 0) return VectorXd::Zero(count);
  return scale * by_bidiagonal(m / scale);  // squares shall neither overflow nor underflow
}

orthogonalised orthogonalise(const MatrixXd& m) {
  const Eigen::HouseholderQR<MatrixXd> qr(m);
  return {qr.householderQ() * MatrixXd::Identity(m.rows(), m.cols()), qr.matrixQR().diagonal()};
}

MatrixXd haar_orthogonal(Index rows, Index columns, const std::function<double()>& normal) {
  if (rows < columns) return haar_orthogonal(columns, rows, normal).transpose();
  auto [q, diagonal] = orthogonalise(MatrixXd::NullaryExpr(rows, columns, [&] { return normal(); }));
  // Q is distributed so only where R has a positive diagonal (Mezzadri, How to generate random matrices from the
  // classical compact groups, 2007).
  for (Index k = 0; k < columns; ++k)
    if (diagonal(k) < 0) q.col(k) *= -1;
  return q;
}

}  // namespace backproof
