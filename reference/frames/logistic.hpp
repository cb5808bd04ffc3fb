// The logistic function s(x) = 1 / (1 + exp(-x)) and what activations and losses make of it.
//
// Everything is written in exp(-|x|), which never overflows, and 1 - s(x) as s(-x), which keeps its digits.
#pragma once

#include "backproof/number/math.hpp"

namespace backproof::logistic {

template <class S>
S sigmoid(const S& x) {
  const S e = math::exp(-math::abs(x));
  return x < S(0) ? e / (S(1) + e) : S(1) / (S(1) + e);
}

// log(1 + exp(x)), whose derivative is s(x).
template <class S>
S softplus(const S& x) {
  return math::max(x, S(0)) + math::log1p(math::exp(-math::abs(x)));
}

// x p, of a p that vanishes faster than x grows: where p is 0, so is the limit, and infinity * 0 would be none.
template <class S>
S gated(const S& x, const S& p) {
  return p == S(0) ? p : x * p;
}

// x s(alpha x), and its derivative by x, s(t) + t s(t) s(-t) with t = alpha x.
template <class S>
S swish(const S& x, const S& alpha) {
  return gated(x, sigmoid(alpha * x));
}
template <class S>
S swish_slope(const S& x, const S& alpha) {
  const S t = alpha * x, s = sigmoid(t);
  return s + gated(t, s * sigmoid(-t));
}

}  // namespace backproof::logistic
