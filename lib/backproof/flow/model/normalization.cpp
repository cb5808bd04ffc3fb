#include "backproof/flow/model/normalization.hpp"

#include <cmath>

namespace backproof::flow {
namespace {

struct standardized {
  vector y;
  double spread;  // sqrt(var + eps)
};

standardized standardize(const vector& x, double eps) {
  const vector centred = x.array() - x.mean();
  const double spread = std::sqrt(centred.squaredNorm() / static_cast<double>(x.size()) + eps);
  return {centred / spread, spread};
}

// J = (1 - 11^T/n - y y^T/n) / spread.
vector pulled_back(const standardized& s, const vector& v) {
  const double n = static_cast<double>(v.size());
  return ((v.array() - v.mean()).matrix() - s.y * (s.y.dot(v) / n)) / s.spread;
}

vector probabilities(const vector& x) {
  const vector e = (x.array() - x.maxCoeff()).exp();
  return e / e.sum();
}

}  // namespace

matrix softmax::forward(const matrix& x) const {
  matrix y = x;
  for (Index j = 0; j < x.cols(); ++j) y.col(j) = probabilities(x.col(j));
  return y;
}

matrix softmax::vjp(const matrix& x, const matrix& v) const {
  const matrix p = forward(x);
  matrix back = v;
  for (Index j = 0; j < v.cols(); ++j) {
    const auto q = p.col(j % x.cols());
    back.col(j) = q.array() * (v.col(j).array() - q.dot(v.col(j)));
  }
  return back;
}

matrix layer_norm::forward(const matrix& x) const {
  matrix y = x;
  for (Index j = 0; j < x.cols(); ++j) y.col(j) = standardize(x.col(j), eps_).y;
  return y;
}

matrix layer_norm::vjp(const matrix& x, const matrix& v) const {
  matrix back = v;
  for (Index j = 0; j < x.cols(); ++j) {
    const standardized s = standardize(x.col(j), eps_);
    for (Index c = j; c < v.cols(); c += x.cols()) back.col(c) = pulled_back(s, v.col(c));
  }
  return back;
}

matrix batch_norm::forward(const matrix& x) const {
  matrix y = x;
  for (Index i = 0; i < x.rows(); ++i) y.row(i) = standardize(x.row(i).transpose(), eps_).y.transpose();
  return y;
}

matrix batch_norm::vjp(const matrix& x, const matrix& v) const {
  matrix back = v;
  for (Index i = 0; i < x.rows(); ++i) {
    const standardized s = standardize(x.row(i).transpose(), eps_);
    for (Index c = 0; c < v.cols(); c += x.cols())
      back.row(i).segment(c, x.cols()) = pulled_back(s, v.row(i).segment(c, x.cols()).transpose()).transpose();
  }
  return back;
}

}  // namespace backproof::flow
