// Products in ops.
//
// Implementations multiply in any order. The order hardly matters for rounding, but it does for overflow and underflow
// on the way: 1e30 * 1e30 * 1e-30 overflows in f32 from the left, and not from the right.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "backproof/number/bounded.hpp"
#include "backproof/number/math.hpp"
#include "backproof/number/sum.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

// The product, from the left; 1 of nothing. For error bounds it is taken in descending and in ascending order of
// magnitude: all other orders meet no larger and no smaller intermediate results than these two, so the wider of their
// bounds holds for every order.
template <class S>
S product(std::vector<S> factors) {
  if (factors.empty()) return S(1);
  const auto from_the_left = [&factors] {
    S all = factors.front();
    for (std::size_t k = 1; k < factors.size(); ++k) all *= factors[k];
    return all;
  };
  if constexpr (std::is_same_v<S, bounded<real>>) {
    const auto rank = [](const S& x) { return x == x ? math::abs(x) : S(0); };
    std::stable_sort(factors.begin(), factors.end(), [&](const S& x, const S& y) { return rank(x) < rank(y); });
    const S ascending = from_the_left();
    std::reverse(factors.begin(), factors.end());
    return math::max(ascending, from_the_left());
  } else {
    return from_the_left();
  }
}

// Adds the product of the factors, of which there is one at least. Some of them may be multiplied, and added up, before
// the others come in; then what lies between may overflow though the result does not. For error bounds to know,
// `products`, as many as could be added up on the way, leave room for the sum of the largest factors' products.
template <class S>
void add_product(sum<S>& total, std::vector<S> factors, index_t products) {
  if constexpr (std::is_same_v<S, bounded<real>>) {
    S whole = product(factors);
    if (factors.size() > 2) {
      const auto rank = [](const S& x) { return x == x ? math::abs(x) : S(0); };  // NaN must not confuse the order
      std::stable_sort(factors.begin(), factors.end(), [&](const S& x, const S& y) { return rank(y) < rank(x); });
      factors.pop_back();
      const S between = product(factors) * S(static_cast<int>(products));
      if (std::isinf(between.error())) whole += between - between;  // of infinite error
    }
    total += whole;
  } else if (factors.size() == 1) {
    total += factors[0];
  } else {
    const S last = factors.back();
    factors.pop_back();
    total.add_product(product(factors), last);
  }
}

}  // namespace backproof
