// Mean and variance of a few numbers, in two passes: the differences from the mean come first, and are then squared.
//
// The one-pass form E[x^2] - E[x]^2 cancels when the mean is large compared with the deviation, and can even turn
// negative.
#pragma once

#include <algorithm>
#include <vector>

#include "backproof/number/sum.hpp"
#include "backproof/tensor/attributes.hpp"
#include "backproof/tensor/shape.hpp"

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

// The variance of a sample, in which n - c divides the sum of squares; attribute correction c is 0 or 1.
inline void check_correction(const attributes& a) {
  if (a.integer("correction") != 0 && a.integer("correction") != 1)
    throw invalid_input("correction is neither 0 nor 1");
}

template <class S>
S degrees_of_freedom(const std::vector<S>& x, const attributes& a) {
  return S(static_cast<int>(std::max<index_t>(0, static_cast<index_t>(x.size()) - a.integer("correction"))));
}

template <class S>
S variance(const std::vector<S>& x, const attributes& a) {
  sum<S> total;
  for (const S& c : centred(x)) total.add_product(c, c);
  return total.value() / degrees_of_freedom(x, a);
}

template <class S>
S one_pass_variance(const std::vector<S>& x, const attributes& a) {
  return one_pass_variance(x) * S(static_cast<int>(x.size())) / degrees_of_freedom(x, a);
}

}  // namespace backproof::moments
