// The length of a vector of two components, for the ops that divide by it.
#pragma once

#include "backproof/number/math.hpp"

namespace backproof::math {

// sqrt(a^2 + b^2) as m sqrt(1 + (l / m)^2), m the larger magnitude and l the smaller: no square over- or underflows.
template <class S>
S hypot(const S& a, const S& b) {
  const S x = math::abs(a), y = math::abs(b);
  const bool first = y < x;
  const S &m = first ? x : y, &l = first ? y : x;
  if (m + m == m) return m;  // zero or infinite
  const S ratio = l / m;
  return m * math::sqrt(S(1) + ratio * ratio);
}

}  // namespace backproof::math
