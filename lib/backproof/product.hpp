// Sums of products of three factors or more.
#pragma once

#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "backproof/bounded.hpp"
#include "backproof/shape.hpp"

namespace backproof {

// Adds the product of the factors, of which there is one at least. Some of them may be multiplied, and added up, before
// the others come in; then what lies between may overflow though the result does not. For the error bounds to know, the
// largest factors come first, and `products`, as many as could be added up on the way, leave room for their sum.
template <class S>
void add_product(sum<S>& total, std::vector<S> factors, index products) {
  for (std::size_t k = 1; k < factors.size(); ++k)  // insertion sort, which NaN cannot confuse
    for (std::size_t j = k; j > 0 && math::abs(factors[j - 1]) < math::abs(factors[j]); --j)
      std::swap(factors[j - 1], factors[j]);
  if (factors.size() == 1) {
    total += factors[0];
    return;
  }
  S product = factors[0];
  for (std::size_t k = 1; k + 1 < factors.size(); ++k) product *= factors[k];
  if constexpr (std::is_same_v<S, bounded<real>>) {
    const S between = product * S(static_cast<int>(products));
    if (factors.size() > 2 && std::isinf(between.error())) product += between - between;  // of infinite error
  }
  total.add_product(product, factors.back());
}

}  // namespace backproof
