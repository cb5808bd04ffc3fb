// Sums of products of three factors or more.
#pragma once

#include <utility>
#include <vector>

#include "backproof/math.hpp"
#include "backproof/sum.hpp"

namespace backproof {

// Adds the product of the factors, of which there is one at least. Multiplied in one order they may overflow and in
// another not; an implementation may choose any. So the largest come first: then the error bounds know of the overflow.
template <class S>
void add_product(sum<S>& total, std::vector<S> factors) {
  for (std::size_t k = 1; k < factors.size(); ++k)  // insertion sort, which NaN cannot confuse
    for (std::size_t j = k; j > 0 && math::abs(factors[j - 1]) < math::abs(factors[j]); --j)
      std::swap(factors[j - 1], factors[j]);
  if (factors.size() == 1) {
    total += factors[0];
    return;
  }
  S product = factors[0];
  for (std::size_t k = 1; k + 1 < factors.size(); ++k) product *= factors[k];
  total.add_product(product, factors.back());
}

}  // namespace backproof
