// p-norms of a few numbers, their gradients and their kinks; for the ops that reduce to norms or divide by them.
//
//   |x|_p = (sum |x_i|^p)^(1/p),   |x|_inf = max |x_i|,   |x|_-inf = min |x_i|,   p > 0
//   d|x|_p / dx_i = sgn x_i (|x_i| / |x|_p)^(p-1),   and sgn x_i / |T| for i in T = {i : |x_i| = |x|_inf}, else 0
//
// Numbers are divided by the largest of them before they are raised to a power: x^2 overflows from 1.9e19 on in f32.
// Kinks: for p >= 1 at x = 0, where the subgradients are the unit ball of the dual norm; for p = 1 wherever an element
// is zero; for infinite p where magnitudes tie. For p < 1 the slope at a zero element is infinite, and any number is
// right.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "backproof/number/math.hpp"
#include "backproof/number/sum.hpp"
#include "backproof/op/subdifferential.hpp"

namespace backproof::norm {

// Of 0 and the infinities nothing is left to scale.
template <class S>
bool unscalable(const S& m) {
  return m == m + m;
}

// g with the sign of x; 0 for x = 0.
template <class S>
S with_sign(const S& x, const S& g) {
  return S(0) < x ? g : x < S(0) ? -g : x == S(0) ? S(0) : x;  // a NaN stays
}

template <class S>
S largest(const std::vector<S>& x) {
  S m = S(0);
  for (const S& one : x) m = math::max(m, math::abs(one));
  return m;
}

template <class S>
S smallest(const std::vector<S>& x) {
  S m = S(std::numeric_limits<double>::infinity());
  for (const S& one : x) m = math::min(m, math::abs(one));
  return m;
}

template <class S>
S absolute_sum(const std::vector<S>& x) {
  sum<S> total;
  for (const S& one : x) total += math::abs(one);
  return total.value();
}

template <class S>
S value(const std::vector<S>& x, double p) {
  for (const S& one : x)
    if (!(one == one)) return one;
  const S m = largest(x);
  if (std::isinf(p)) return p < 0 ? smallest(x) : m;
  if (p == 1 || unscalable(m)) return absolute_sum(x);
  sum<S> total;
  for (const S& one : x) {
    const S part = math::abs(one) / m;
    total += p == 2 ? part * part : math::pow(part, S(p));
  }
  return m * (p == 2 ? math::sqrt(total.value()) : math::pow(total.value(), S(1) / S(p)));
}

// The gradient of g times the norm; the even one of those that are right where magnitudes tie, and 0 where x = 0.
template <class S>
std::vector<S> pull(const std::vector<S>& x, double p, const S& g) {
  std::vector<S> dx(x.size(), S(0));
  const S y = value(x, p);
  int ties = 0;
  for (const S& one : x) ties += math::abs(one) == y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const S magnitude = math::abs(x[i]);
    if (p == 1)
      dx[i] = with_sign(x[i], g);
    else if (std::isinf(p) && magnitude == y)
      dx[i] = with_sign(x[i], g / S(ties));
    else if (!std::isinf(p) && !(x[i] == S(0)))
      dx[i] = p == 2 ? g * (x[i] / y) : with_sign(x[i], g) * math::pow(magnitude / y, S(p - 1));
  }
  return dx;
}

// The same without scaling: the powers overflow or underflow long before the norm does.
template <class S>
S unscaled_value(const std::vector<S>& x, double p) {
  if (std::isinf(p) || p == 1) return value(x, p);
  sum<S> total;
  for (const S& one : x) total += p == 2 ? one * one : math::pow(math::abs(one), S(p));
  return p == 2 ? math::sqrt(total.value()) : math::pow(total.value(), S(1) / S(p));
}

template <class S>
std::vector<S> unscaled_pull(const std::vector<S>& x, double p, const S& g) {
  if (std::isinf(p) || p == 1) return pull(x, p, g);
  std::vector<S> dx(x.size(), S(0));
  const S y = unscaled_value(x, p), share = p == 2 ? g / y : g / math::pow(y, S(p - 1));
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!(x[i] == S(0))) dx[i] = p == 2 ? x[i] * share : with_sign(x[i], math::pow(math::abs(x[i]), S(p - 1))) * share;
  return dx;
}

// A norm and its gradient, either way.
struct scaled {
  template <class S>
  static S value(const std::vector<S>& x, double p) {
    return norm::value(x, p);
  }
  template <class S>
  static std::vector<S> pull(const std::vector<S>& x, double p, const S& g) {
    return norm::pull(x, p, g);
  }
};
struct unscaled {
  template <class S>
  static S value(const std::vector<S>& x, double p) {
    return unscaled_value(x, p);
  }
  template <class S>
  static std::vector<S> pull(const std::vector<S>& x, double p, const S& g) {
    return unscaled_pull(x, p, g);
  }
};

// States the kinks of g times the norm of x, whose elements stand at `at`.
inline void kinks(const std::vector<real>& x, const std::vector<position>& at, double p, const real& g,
                  subdifferential& s) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const real y = value(x, p);
  std::vector<position> zeros, ties;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == real(0)) zeros.push_back(at[i]);
    if (abs(x[i]) == y) ties.push_back({at[i].input, at[i].at, x[i] < real(0) ? -at[i].sign : at[i].sign});
  }
  if (p < 1 && std::isfinite(p)) {
    for (const position& zero : zeros) s.interval(zero, -infinity, infinity, 0, g);
  } else if (y == real(0) && !zeros.empty()) {
    s.ball(zeros, std::isinf(p) ? 1 : p == 1 ? infinity : p / (p - 1), g);
  } else if (p == 1) {
    for (const position& zero : zeros) s.interval(zero, -1, 1, 0, g);
  } else if (std::isinf(p) && ties.size() > 1) {
    s.simplex(ties, g);
  }
}

}  // namespace backproof::norm
