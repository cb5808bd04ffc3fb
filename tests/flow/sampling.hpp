// What the laws have in common: many networks, one gradient each.
#pragma once

#include <cmath>
#include <vector>

#include "backproof/flow/theory/recipe.hpp"

namespace backproof::flow::tests {

struct statistics {
  double mean = 0, variance = 0;
};

inline statistics statistics_of(const std::vector<double>& x) {
  statistics s;
  for (const double v : x) s.mean += v / static_cast<double>(x.size());
  for (const double v : x) s.variance += (v - s.mean) * (v - s.mean) / static_cast<double>(x.size() - 1);
  return s;
}

// The squared norms of the gradient at the input and after each layer, of one network with a random unit gradient at
// its output.
inline std::vector<double> squared_gradients(const recipe& r, std::uint64_t seed) {
  const model m = make(r, seed);
  const trace t = forward(m, input_for(r, seed));
  const vector v = source(seed, "output").unit(t.at.back().size());
  const matrix shaped = Eigen::Map<const matrix>(v.data(), t.at.back().rows(), t.at.back().cols());
  std::vector<double> q;
  for (const matrix& d : backward(m, t, shaped)) q.push_back(d.squaredNorm());
  return q;
}

// Means over networks of the squared gradient, place by place.
inline std::vector<double> mean_squared_gradients(const recipe& r, int networks) {
  std::vector<double> sum;
  for (int k = 0; k < networks; ++k) {
    const std::vector<double> q = squared_gradients(r, static_cast<std::uint64_t>(k));
    sum.resize(q.size());
    for (std::size_t l = 0; l < q.size(); ++l) sum[l] += q[l] / networks;
  }
  return sum;
}

// The factor per layer of the mean squared gradient, between the outputs of two layers.
inline double factor_per_layer(const recipe& r, int networks, std::size_t first, std::size_t last) {
  const std::vector<double> q = mean_squared_gradients(r, networks);
  return std::pow(q[first] / q[last], 1.0 / static_cast<double>(last - first));
}

inline recipe preset(std::string_view name, int width, int depth) {
  recipe r = *find_preset(name);
  r.width = width, r.depth = depth;
  return r;
}

}  // namespace backproof::flow::tests
