// Two ops of one's own, put before backproof. Sigmoid is right. Softmax's forward pass is right for every axis; its
// backward pass has a bug, of a kind that often survives testing: it is right only for the last axis.
#include <algorithm>
#include <backproof/adapter.hpp>
#include <cmath>

namespace {

// Both are written in exp(-|x|), which does not overflow.
void sigmoid(const bp::call& c) {
  const auto x = c.input<float>(0);
  auto y = c.output<float>(0, x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float e = std::exp(-std::fabs(x[i]));
    y[i] = (x[i] < 0 ? e : 1) / (1 + e);
  }
}

void sigmoid_vjp(const bp::call& c) {
  const auto x = c.input<float>(0);
  const auto g = c.cotangent<float>(0);
  auto dx = c.gradient<float>(0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float e = std::exp(-std::fabs(x[i]));
    dx[i] = g[i] * e / ((1 + e) * (1 + e));
  }
}

// p = exp(x - max) / sum along the axis, whose elements are `stride` apart.
std::vector<float> probabilities(const bp::view<const float>& x, std::int64_t axis) {
  const std::size_t length = x.extent(axis), stride = x.stride(axis);
  std::vector<float> p(x.begin(), x.end());
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (i / stride % length != 0) continue;  // not the first element of its slice
    float largest = p[i], sum = 0;
    for (std::size_t k = 0; k < length; ++k) largest = std::max(largest, p[i + k * stride]);
    for (std::size_t k = 0; k < length; ++k) sum += p[i + k * stride] = std::exp(p[i + k * stride] - largest);
    for (std::size_t k = 0; k < length; ++k) p[i + k * stride] /= sum;
  }
  return p;
}

void softmax(const bp::call& c) {
  const auto x = c.input<float>(0);
  const std::vector<float> p = probabilities(x, c.attrs().integer("axis"));
  auto y = c.output<float>(0, x.shape());
  std::copy(p.begin(), p.end(), y.begin());
}

// dx = p (g - sum of p g along the axis)
void softmax_vjp(const bp::call& c) {
  const auto x = c.input<float>(0);
  const auto g = c.cotangent<float>(0);
  auto dx = c.gradient<float>(0);
  const std::int64_t axis = c.attrs().integer("axis");
  const std::size_t length = x.extent(axis);
  const std::vector<float> p = probabilities(x, axis);
  // The bug: it takes `length` neighbours in memory, but those lie along the last axis, not along `axis`.
  for (std::size_t row = 0; row < x.size(); row += length) {
    float mean = 0;
    for (std::size_t k = 0; k < length; ++k) mean += p[row + k] * g[row + k];
    for (std::size_t k = 0; k < length; ++k) dx[row + k] = p[row + k] * (g[row + k] - mean);
  }
}

bp::adapter make() {
  bp::adapter a("my_op", "1.0");
  a.add("Sigmoid", {bp::f32}).forward(sigmoid).vjp(sigmoid_vjp);
  a.add("Softmax", {bp::f32}).forward(softmax).vjp(softmax_vjp);
  return a;
}

}  // namespace

BACKPROOF_ADAPTER(make)
