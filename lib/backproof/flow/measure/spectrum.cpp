#include "backproof/flow/measure/spectrum.hpp"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "backproof/flow/model/random.hpp"

namespace backproof::flow {

vector singular_values(const matrix& m) {
  if (m.size() == 0) return {};
  return Eigen::BDCSVD<matrix>(m).singularValues();
}

namespace {

void orthogonalise(vector& x, const matrix& against, Index columns) {
  for (int twice = 0; twice < 2; ++twice)  // once leaves an error that a second pass removes (Kahan and Parlett)
    x -= against.leftCols(columns) * (against.leftCols(columns).transpose() * x);
}

}  // namespace

norm_bracket norm_from_below(const linear_map& j, int most_steps) {
  // Started in the smaller of the two spaces, as many steps as it has dimensions find all of J.
  if (j.rows < j.columns) return norm_from_below({j.columns, j.rows, j.back, j.along}, most_steps);
  const Index steps = std::min<Index>({j.rows, j.columns, most_steps});
  matrix u = matrix::Zero(j.rows, steps), v = matrix::Zero(j.columns, steps), b = matrix::Zero(steps, steps);
  vector next = source(1, "lanczos").unit(j.columns);
  Index k = 0;
  double last = 0, now = 0;
  for (; k < steps; ++k) {
    v.col(k) = next;
    vector p = j.along(next);
    orthogonalise(p, u, k);
    b(k, k) = p.norm();
    if (!(b(k, k) > 1e-14 * b.norm())) break;
    u.col(k) = p / b(k, k);
    next = j.back(u.col(k));
    orthogonalise(next, v, k + 1);
    const double beta = next.norm();
    now = Eigen::JacobiSVD<matrix>(b.topLeftCorner(k + 1, k + 1)).singularValues()(0);
    if (k + 1 == steps || !(beta > 1e-14 * b.norm()) || (k > 4 && now - last < 1e-10 * now)) break;
    last = now;
    b(k, k + 1) = beta;
    next /= beta;
  }
  return {std::max(now, last), 0, static_cast<int>(std::min(k + 1, steps))};
}

double norm_from_above(const matrix& m, int steps) {
  const double scale = m.size() == 0 ? 0 : m.cwiseAbs().maxCoeff();
  if (scale == 0) return 0;
  const matrix unit = m / scale;  // squares shall neither overflow nor underflow
  matrix g = m.rows() < m.cols() ? matrix(unit * unit.transpose()) : matrix(unit.transpose() * unit);
  double log_norm = 0, power = 1;  // of what has been divided out, per power of J^T J
  for (int k = 1; k < steps; ++k, power *= 2) {
    const double f = g.norm();
    log_norm += std::log(f) / power;
    g /= f;
    g = (g * g).eval();
  }
  return scale * std::exp((log_norm + std::log(g.norm()) / power) / 2);
}

norm_bracket spectral_norm(const matrix& m) {
  const linear_map j{m.rows(), m.cols(), [&](const matrix& x) { return matrix(m * x); },
                     [&](const matrix& x) { return matrix(m.transpose() * x); }};
  norm_bracket found = norm_from_below(j);
  found.upper = norm_from_above(m);
  // Where both are the norm, they are so up to rounding, and may seem to have changed places.
  if (found.lower <= found.upper * (1 + 1e-13)) found.lower = std::min(found.lower, found.upper);
  return found;
}

namespace {

// One pass over the factors; adds the logarithms of R's diagonal. Rows that vanish entirely stay at -infinity.
matrix pass(const std::vector<linear_map>& factors, bool upwards, matrix q, std::vector<double>& logs) {
  const Index k = q.cols();
  logs.assign(static_cast<std::size_t>(k), 0);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const linear_map& f = upwards ? factors[factors.size() - 1 - i] : factors[i];
    const Eigen::HouseholderQR<matrix> qr(upwards ? f.back(q) : f.along(q));
    q = qr.householderQ() * matrix::Identity(qr.rows(), k);
    for (Index c = 0; c < k; ++c) logs[static_cast<std::size_t>(c)] += std::log10(std::fabs(qr.matrixQR()(c, c)));
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

// Singular values of the symbol, an outputs x inputs matrix, at each frequency of a grid.
vector symbols(const convolution_shape& s, const matrix& kernel, Index rows, Index columns) {
  const Index each = std::min(s.outputs, s.in.channels);
  vector all(rows * columns * each);
  for (Index p = 0; p < rows; ++p)
    for (Index q = 0; q < columns; ++q) {
      Eigen::MatrixXcd symbol = Eigen::MatrixXcd::Zero(s.outputs, s.in.channels);
      for (Index t = 0; t < s.taps(); ++t) {
        const double turns = static_cast<double>(p * (t / s.wide)) / static_cast<double>(rows) +
                             static_cast<double>(q * (t % s.wide)) / static_cast<double>(columns);
        const std::complex<double> phase = std::polar(1.0, 2 * std::numbers::pi * turns);
        for (Index k = 0; k < s.in.channels; ++k) symbol.col(k) += phase * kernel.col(k * s.taps() + t);
      }
      all.segment((p * columns + q) * each, each) = Eigen::BDCSVD<Eigen::MatrixXcd>(symbol).singularValues();
    }
  std::sort(all.begin(), all.end(), std::greater<>());
  return all;
}

}  // namespace

vector circular_singular_values(const convolution_shape& s, const matrix& kernel) {
  return symbols(s, kernel, s.in.rows, s.in.columns);
}

double padded_convolution_bound(const convolution_shape& s, const matrix& kernel) {
  return symbols(s, kernel, s.in.rows + s.tall - 1, s.in.columns + s.wide - 1)(0);
}

}  // namespace backproof::flow
