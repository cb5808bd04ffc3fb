// Mean and variance of a few numbers, in two passes: the differences from the mean come first, and are then squared.
//
// The one-pass form E[x^2] - E[x]^2 cancels when the mean is large compared with the deviation, and can even turn
// negative.
#pragma once

#include <vector>

#include "backproof/sum.hpp"

namespace backproof::moments {

template <class S>
S mean(const std::vector<S>& x) {
  sum<S> total;
  for (const S& one : x) total += one;
  return total.value() / S(static_cast<int>(x.size()));
}

template <class S>
S mean_of_products(const std::vector<S>& a, const std::vector<S>& b) {
  sum<S> total;
  for (std::size_t i = 0; i < a.size(); ++i) total.add_product(a[i], b[i]);
  return total.value() / S(static_cast<int>(a.size()));
}

template <class S>
std::vector<S> centred(const std::vector<S>& x) {
  std::vector<S> c;
  if (x.empty()) return c;
  const S m = mean(x);
  for (const S& one : x) c.push_back(one - m);
  return c;
}

template <class S>
S variance(const std::vector<S>& x) {  // of a whole population
  const std::vector<S> c = centred(x);
  return mean_of_products(c, c);
}

template <class S>
S one_pass_variance(const std::vector<S>& x) {
  const S m = mean(x);
  return mean_of_products(x, x) - m * m;
}

}  // namespace backproof::moments
