#include "backproof/judge/tolerance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace backproof {
namespace {}  // namespace

double bound_of(const bounded<real>& expected, const precision& p) {
  const format& fmt = format_of(p.storage);
  // What is only moved is stored as it is, or correctly rounded where the format does not hold it.
  if (expected.exact()) {
    const double stored = round_to(fmt, expected.value());
    return std::isfinite(stored) ? magnitude(real(stored) - expected.value()) : 0;
  }
  const double e = expected.error();
  if (fmt == p.accumulator) return e;
  return e + fmt.unit() * (magnitude(expected.value()) + e) + fmt.tiny();
}

double part_of(double error, double scale) {
  constexpr double least_scale = 0.1;
  const double part = error / std::max(scale, least_scale);
  return std::isnan(part) ? std::numeric_limits<double>::infinity() : part;
}

double severity_of(double error, double scale) { return std::min(1.0, part_of(error, scale)); }

}  // namespace backproof
