#include "backproof/flow/measure/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace backproof::flow {

tensor_statistics statistics_of(std::span<const double> x) {
  tensor_statistics s;
  s.n = x.size();
  for (const double v : x) {
    if (!std::isfinite(v)) {
      ++s.nonfinite;
      continue;
    }
    s.absmax = std::max(s.absmax, std::fabs(v));
    v == 0 ? ++s.zeros : ++s.exponents[std::ilogb(v)];
  }
  double sum = 0;  // of squares, scaled, so that neither 1e-200 nor 1e200 is lost
  for (const double v : x)
    if (std::isfinite(v) && s.absmax > 0) sum += v / s.absmax * (v / s.absmax);
  s.norm = s.absmax * std::sqrt(sum);
  s.rms = s.n > s.nonfinite ? s.norm / std::sqrt(static_cast<double>(s.n - s.nonfinite)) : 0;
  return s;
}

tensor_statistics merged(const std::vector<tensor_statistics>& parts) {
  tensor_statistics all;
  for (const tensor_statistics& p : parts) {
    all.n += p.n, all.zeros += p.zeros, all.nonfinite += p.nonfinite;
    all.norm = std::hypot(all.norm, p.norm);
    all.absmax = std::max(all.absmax, p.absmax);
    for (const auto& [exponent, count] : p.exponents) all.exponents[exponent] += count;
  }
  if (all.n > all.nonfinite) all.rms = all.norm / std::sqrt(static_cast<double>(all.n - all.nonfinite));
  return all;
}

double share_below(const tensor_statistics& s, int exponent) {
  double below = 0, all = 0;
  for (const auto& [e, count] : s.exponents) {
    all += static_cast<double>(count);
    if (e < exponent) below += static_cast<double>(count);
  }
  return all > 0 ? below / all : 0;
}

const float_limits* limits_of(const std::string& dtype) {
  static const std::array<float_limits, 4> all = {
      {{"f16", -24, -14, 16}, {"bf16", -126, -126, 128}, {"f32", -126, -126, 128}, {"f64", -1022, -1022, 1024}}};
  const auto found = std::find_if(all.begin(), all.end(), [&](const float_limits& l) { return l.dtype == dtype; });
  return found == all.end() ? nullptr : &*found;
}

double median(std::vector<double> x) {
  if (x.empty()) return 0;
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  if (x.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(x.begin(), middle)) / 2;
}

namespace {

template <class F>
void each_slope(std::span<const double> y, F f) {
  for (std::size_t a = 0; a < y.size(); ++a)
    for (std::size_t b = a + 1; b < y.size(); ++b) f((y[b] - y[a]) / static_cast<double>(b - a));
}

// The slope that has k smaller ones, with memory for few of them: they are counted in intervals, and only the interval
// that holds the one that is wanted is looked at further. Its ends are slopes, so that it becomes smaller every time.
double slope_with_below(std::span<const double> y, std::size_t k) {
  constexpr std::size_t parts = 4096, few = 1'000'000;
  struct part {
    double low = INFINITY, high = -INFINITY;
    std::size_t count = 0;
    void add(double x) { low = std::min(low, x), high = std::max(high, x), ++count; }
  };
  part now;
  each_slope(y, [&](double x) { now.add(x); });
  while (now.low < now.high) {
    if (now.count <= few) {
      std::vector<double> slopes;
      each_slope(y, [&](double x) {
        if (x >= now.low && x <= now.high) slopes.push_back(x);
      });
      std::nth_element(slopes.begin(), slopes.begin() + static_cast<std::ptrdiff_t>(k), slopes.end());
      return slopes[k];
    }
    std::vector<part> inner(parts);
    const double width = now.high / parts - now.low / parts;
    each_slope(y, [&](double x) {
      if (x < now.low || x > now.high) return;
      const double at = width > 0 ? (x / parts - now.low / parts) / width * parts : 0;
      inner[std::min(static_cast<std::size_t>(at), parts - 1)].add(x);
    });
    auto with = inner.begin();
    while (k >= with->count) k -= (with++)->count;
    if (with->count == now.count) break;  // all are within a rounding error
    now = *with;
  }
  return now.low;
}

}  // namespace

double theil_sen_slope(std::span<const double> y) {
  constexpr std::size_t few = 1000;
  if (y.size() > few) {
    const std::size_t pairs = y.size() * (y.size() - 1) / 2;
    return (slope_with_below(y, (pairs - 1) / 2) + slope_with_below(y, pairs / 2)) / 2;
  }
  std::vector<double> slopes;
  each_slope(y, [&](double x) { slopes.push_back(x); });
  return median(std::move(slopes));
}

namespace {

// The sum of squares that a line through (x, y) leaves.
double left_by_line(const std::vector<double>& x, std::span<const double> y) {
  const double n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) mx += x[k] / n, my += y[k] / n;
  for (std::size_t k = 0; k < x.size(); ++k)
    xx += (x[k] - mx) * (x[k] - mx), xy += (x[k] - mx) * (y[k] - my), yy += (y[k] - my) * (y[k] - my);
  return xx > 0 ? yy - xy * xy / xx : yy;
}

}  // namespace

trend trend_of(std::span<const double> y, double noise) {
  if (y.size() < 4 || std::fabs(y.front() - y.back()) < std::max(noise, 0.3)) return trend::flat;
  std::vector<double> depth, from_input, from_output;
  for (std::size_t k = 0; k < y.size(); ++k) {
    depth.push_back(static_cast<double>(k));
    from_input.push_back(std::log(static_cast<double>(k + 1)));
    from_output.push_back(std::log(static_cast<double>(y.size() - k)));
  }
  const double power = std::min(left_by_line(from_input, y), left_by_line(from_output, y));
  return power < left_by_line(depth, y) ? trend::polynomial : trend::exponential;
}

}  // namespace backproof::flow
