#include "backproof/flow/model/random.hpp"

#include <Eigen/QR>
#include <boost/random/normal_distribution.hpp>

#include "backproof/op/draw.hpp"

namespace backproof::flow {

source::source(std::uint64_t seed, std::string_view name, std::uint64_t number)
    : bits_(draw(seed, name, number).bits()) {}

double source::normal() { return boost::random::normal_distribution<double>()(bits_); }

double source::uniform(double low, double high) {
  return low + (high - low) * 0x1p-53 * static_cast<double>(bits_() >> 11);
}

matrix source::gaussian(Index rows, Index columns, double deviation) {
  return matrix::NullaryExpr(rows, columns, [&] { return deviation * normal(); });
}

matrix source::uniform(Index rows, Index columns, double limit) {
  return matrix::NullaryExpr(rows, columns, [&] { return uniform(-limit, limit); });
}

matrix source::signs(Index rows, Index columns) {
  return matrix::NullaryExpr(rows, columns, [&] { return bits_() >> 63 != 0 ? 1.0 : -1.0; });
}

matrix source::orthogonal(Index rows, Index columns) {
  if (rows < columns) return orthogonal(columns, rows).transpose();
  const Eigen::HouseholderQR<matrix> qr(gaussian(rows, columns, 1));
  matrix q = qr.householderQ() * matrix::Identity(rows, columns);
  // Q is Haar only where R has a positive diagonal (Mezzadri, How to generate random matrices from the classical
  // compact groups, 2007).
  for (Index k = 0; k < columns; ++k)
    if (qr.matrixQR()(k, k) < 0) q.col(k) *= -1;
  return q;
}

vector source::unit(Index n) {
  const vector v = gaussian(n, 1, 1);
  return v / v.norm();
}

}  // namespace backproof::flow
