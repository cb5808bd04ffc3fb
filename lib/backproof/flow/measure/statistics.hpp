// The statistics that are kept of a tensor: few, but enough for every plot and every rule.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace backproof::flow {

struct tensor_statistics {
  std::size_t n = 0;
  double norm = 0, rms = 0, absmax = 0;  // over the finite elements
  std::size_t zeros = 0, nonfinite = 0;
  std::map<int, std::size_t> exponents;  // how many elements lie in [2^k, 2^(k+1)), in magnitude
};
tensor_statistics statistics_of(std::span<const double> x);
tensor_statistics merged(const std::vector<tensor_statistics>& parts);  // as of all their elements together

// The share of nonzero elements below 2^exponent in magnitude.
double share_below(const tensor_statistics& s, int exponent);

// What a dtype cannot tell from zero: f16 below 2^-24; bf16 and f32 below 2^-126, where subnormals are flushed.
struct float_limits {
  std::string dtype;
  int smallest;  // exponents
  int normal, largest;
};
const float_limits* limits_of(const std::string& dtype);  // null if it is none of f16, bf16, f32, f64

// The median of the slopes of all pairs of points: a few outliers do not move it (Theil 1950, Sen 1968).
double theil_sen_slope(std::span<const double> y);  // y at 0, 1, 2, ...
double median(std::vector<double> x);               // 0 of nothing

enum class trend { flat, exponential, polynomial };
// Whether y is better described as a line in the distance from its end, or in the distance's logarithm; flat if its
// ends differ by less than `noise`.
trend trend_of(std::span<const double> y, double noise);

}  // namespace backproof::flow
