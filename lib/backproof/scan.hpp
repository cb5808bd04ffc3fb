// Which elements a cumulative op combines in each result, along one axis, with ONNX's attributes:
//
//   y_i combines x_0 .. x_i, without x_i if exclusive; with reverse, x_i .. x_last, likewise
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::scan {

inline void draw(sampler& s, const domain& where = {}) {
  s.attribute("exclusive", s.choose<index>({0, 1}));
  s.attribute("reverse", s.choose<index>({0, 1}));
  const shape x = s.dims(1, 3);
  const index rank = static_cast<index>(x.size());
  s.attribute("axis", s.pick(2 * rank) - rank);
  s.input(x, where);
}

inline std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
  slices(in[0], a.integer("axis"));  // throws if there is no such axis
  a.flag("exclusive"), a.flag("reverse");
  return {in[0]};
}

// Whether y_i has x_j in it.
inline bool holds(const attributes& a, index i, index j) {
  if (i == j) return !a.flag("exclusive");
  return a.flag("reverse") ? j > i : j < i;
}

// Calls visit(at, n) for each slice along the axis; at(j) is where element j of its n stands.
template <class F>
void each_slice(const attributes& a, const shape& x, F visit) {
  const slices along(x, a.integer("axis"));
  for (index o = 0; along.length > 0 && o < along.outer; ++o)
    for (index i = 0; i < along.inner; ++i)
      visit([start = along.start(o, i), inner = along.inner](index j) { return start + j * inner; }, along.length);
}

}  // namespace backproof::scan
