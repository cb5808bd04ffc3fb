// Ops that take one input to an output of its shape, slice by slice along the axis that attribute axis names.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::along_axis {

inline void draw(sampler& s, const domain& where = {}) {
  const shape x = s.dims(1, 3);
  const index_t rank = static_cast<index_t>(x.size());
  s.attribute("axis", s.pick(2 * rank) - rank);
  s.input(x, where);
}

inline std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
  slices(in[0], a.integer("axis"));  // throws if there is no such axis
  return {in[0]};
}

// Calls visit(at) for each slice along the axis; at(j) is where element j of the slice stands.
template <class F>
void each_slice(const slices& along, F visit) {
  for (index_t o = 0; along.length > 0 && o < along.outer; ++o)
    for (index_t i = 0; i < along.inner; ++i)
      visit([start = along.start(o, i), inner = along.inner](index_t j) { return start + j * inner; });
}

}  // namespace backproof::along_axis
