// Index inputs that must satisfy a condition: classes listed only once, labels other than the blank, signs without
// zeros.
#pragma once

#include <vector>

#include "backproof/op/sample.hpp"

namespace backproof {

// Adds an input of indices in low .. high for which fits(elements) holds, and returns the elements. A copy of the
// stream tells beforehand what will be drawn; as long as that does not fit, the stream moves on. Some draw must fit,
// and not too rarely.
template <class F>
std::vector<index_t> fitting_indices(sampler& s, const shape& dims, index_t low, index_t high, F fits) {
  const auto ahead = [&](draw stream) {
    std::vector<index_t> drawn(static_cast<std::size_t>(size_of(dims)));
    for (index_t& i : drawn) i = stream.between(low, high);
    return drawn;
  };
  std::vector<index_t> drawn = ahead(s.random());
  while (!fits(drawn)) {
    s.random().bits();
    drawn = ahead(s.random());
  }
  s.indices(dims, low, high);
  return drawn;
}

}  // namespace backproof
