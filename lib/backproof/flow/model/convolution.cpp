#include "backproof/flow/model/convolution.hpp"

#include <fmt/format.h>

#include "backproof/base/error.hpp"

namespace backproof::flow {

image convolution_shape::out() const {
  const Index tall_in = in.rows + above + below - tall, wide_in = in.columns + left + right - wide;
  if (tall_in < 0 || wide_in < 0 || stride < 1)
    throw invalid_input(fmt::format("a {}x{} kernel does not fit into {}x{}", tall, wide, in.rows, in.columns));
  return {outputs, tall_in / stride + 1, wide_in / stride + 1};
}

convolution_shape same_convolution(const image& in, Index outputs, Index size, padding pad) {
  const Index tall = in.rows == 1 ? 1 : size, h = tall / 2, w = size / 2;
  return {in, outputs, tall, size, 1, h, w, h, w, pad};
}

convolution::convolution(const convolution_shape& s, matrix kernel, vector bias)
    : shape_(s), out_(s.out()), kernel_(std::move(kernel)), bias_(std::move(bias)) {
  if (kernel_.rows() != s.outputs || kernel_.cols() != s.in.channels * s.taps() ||
      (bias_.size() != 0 && bias_.size() != s.outputs))
    throw invalid_input("the kernel's or bias' size is not that of its convolution");
}

Index convolution::outputs(Index inputs) const {
  if (inputs != shape_.in.size())
    throw invalid_input(fmt::format("a convolution of {} inputs is given {}", shape_.in.size(), inputs));
  return out_.size();
}

namespace {

// Calls f(row of the patch matrix, its column, input) for each tap that lies on the image.
template <class F>
void each_tap(const convolution_shape& s, const image& out, F&& f) {
  const auto wrapped = [&](Index at, Index n) { return s.pad == padding::circular ? (at % n + n) % n : at; };
  for (Index i = 0; i < out.rows; ++i)
    for (Index j = 0; j < out.columns; ++j)
      for (Index a = 0; a < s.tall; ++a)
        for (Index b = 0; b < s.wide; ++b) {
          const Index r = wrapped(i * s.stride + a - s.above, s.in.rows);
          const Index c = wrapped(j * s.stride + b - s.left, s.in.columns);
          if (r < 0 || r >= s.in.rows || c < 0 || c >= s.in.columns) continue;
          for (Index k = 0; k < s.in.channels; ++k)
            f(k * s.taps() + a * s.wide + b, i * out.columns + j, (k * s.in.rows + r) * s.in.columns + c);
        }
}

}  // namespace

matrix convolution::patches(const vector& x) const {
  matrix p = matrix::Zero(kernel_.cols(), out_.rows * out_.columns);
  each_tap(shape_, out_, [&](Index row, Index column, Index input) { p(row, column) = x(input); });
  return p;
}

vector convolution::assembled(const matrix& p) const {
  vector x = vector::Zero(shape_.in.size());
  each_tap(shape_, out_, [&](Index row, Index column, Index input) { x(input) += p(row, column); });
  return x;
}

namespace {

// A column of an image as channels x places, and back.
matrix as_channels(const vector& x, Index channels) {
  return Eigen::Map<const matrix>(x.data(), x.size() / channels, channels).transpose();
}

vector flattened(const matrix& channels) {
  const matrix t = channels.transpose();
  return Eigen::Map<const vector>(t.data(), t.size());
}

}  // namespace

matrix convolution::jvp(const matrix&, const matrix& u) const {
  matrix y(out_.size(), u.cols());
  for (Index j = 0; j < u.cols(); ++j) y.col(j) = flattened(kernel_ * patches(u.col(j)));
  return y;
}

matrix convolution::forward(const matrix& x) const {
  matrix y = jvp(x, x);
  if (bias_.size() == 0) return y;
  const Index places = out_.rows * out_.columns;
  for (Index k = 0; k < out_.channels; ++k) y.middleRows(k * places, places).array() += bias_(k);
  return y;
}

matrix convolution::vjp(const matrix&, const matrix& v) const {
  matrix x(shape_.in.size(), v.cols());
  for (Index j = 0; j < v.cols(); ++j) x.col(j) = assembled(kernel_.transpose() * as_channels(v.col(j), out_.channels));
  return x;
}

std::vector<parameter> convolution::parameters() const { return weight_and_bias(kernel_, bias_); }

std::vector<matrix> convolution::parameter_gradients(const matrix& x, const matrix& v) const {
  matrix k = matrix::Zero(kernel_.rows(), kernel_.cols());
  vector b = vector::Zero(out_.channels);
  for (Index j = 0; j < x.cols(); ++j) {
    const matrix back = as_channels(v.col(j), out_.channels);
    k += back * patches(x.col(j)).transpose();
    b += back.rowwise().sum();
  }
  std::vector<matrix> list = {k};
  if (bias_.size() != 0) list.emplace_back(b);
  return list;
}

matrix delta_orthogonal(const convolution_shape& s, const matrix& orthogonal) {
  matrix kernel = matrix::Zero(s.outputs, s.in.channels * s.taps());
  const Index centre = s.above * s.wide + s.left;
  for (Index k = 0; k < s.in.channels; ++k) kernel.col(k * s.taps() + centre) = orthogonal.col(k);
  return kernel;
}

pool::pool(pooling how, const image& in, Index size)
    : how_(how), in_(in), out_{in.channels, in.rows == 1 ? 1 : in.rows / size, in.columns / size}, size_(size) {
  if (size < 1 || out_.size() == 0) throw invalid_input("a pool's window does not fit into its image");
}

Index pool::outputs(Index inputs) const {
  if (inputs != in_.size()) throw invalid_input("a pool is given an image of another size");
  return out_.size();
}

template <class F>
void pool::each_window(F&& f) const {
  const Index tall = in_.rows == 1 ? 1 : size_;
  std::vector<Index> window;
  for (Index k = 0; k < out_.channels; ++k)
    for (Index i = 0; i < out_.rows; ++i)
      for (Index j = 0; j < out_.columns; ++j) {
        window.clear();
        for (Index a = 0; a < tall; ++a)
          for (Index b = 0; b < size_; ++b)
            window.push_back((k * in_.rows + i * tall + a) * in_.columns + j * size_ + b);
        f((k * out_.rows + i) * out_.columns + j, window);
      }
}

Index pool::winner(const vector& x, const std::vector<Index>& window) const {
  Index best = window[0];
  for (const Index i : window)
    if (x(i) > x(best)) best = i;
  return best;
}

matrix pool::jvp(const matrix& x, const matrix& u) const {
  matrix y = matrix::Zero(out_.size(), u.cols());
  for (Index c = 0; c < u.cols(); ++c)
    each_window([&](Index o, const std::vector<Index>& window) {
      if (how_ == pooling::maximum) {
        y(o, c) = u(winner(x.col(c % x.cols()), window), c);
      } else {
        for (const Index i : window) y(o, c) += u(i, c) / static_cast<double>(window.size());
      }
    });
  return y;
}

matrix pool::forward(const matrix& x) const { return jvp(x, x); }  // both pools are homogeneous of degree 1

matrix pool::vjp(const matrix& x, const matrix& v) const {
  matrix back = matrix::Zero(in_.size(), v.cols());
  for (Index c = 0; c < v.cols(); ++c)
    each_window([&](Index o, const std::vector<Index>& window) {
      if (how_ == pooling::maximum) {
        back(winner(x.col(c % x.cols()), window), c) += v(o, c);
      } else {
        for (const Index i : window) back(i, c) += v(o, c) / static_cast<double>(window.size());
      }
    });
  return back;
}

}  // namespace backproof::flow
