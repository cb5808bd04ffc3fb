// Which elements a cumulative op combines in each result, along one axis, with ONNX's attributes:
//
//   y_i combines x_0 .. x_i, or with reverse x_i .. x_last; if exclusive, without x_i
#pragma once

#include "frames/along_axis.hpp"

namespace backproof::scan {

inline void draw(sampler& s, const domain& where = {}) {
  s.attribute("exclusive", s.choose<index_t>({0, 1}));
  s.attribute("reverse", s.choose<index_t>({0, 1}));
  along_axis::draw(s, where);
}

inline std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
  a.flag("exclusive"), a.flag("reverse");
  return along_axis::infer(a, in);
}

// Whether y_i has x_j in it.
inline bool holds(const attributes& a, index_t i, index_t j) {
  if (i == j) return !a.flag("exclusive");
  return a.flag("reverse") ? j > i : j < i;
}

// Calls visit(at, n) for each slice along the axis; at(j) is where element j of its n stands.
template <class F>
void each_slice(const attributes& a, const shape& x, F visit) {
  const slices along(x, a.integer("axis"));
  along_axis::each_slice(along, [&](auto at) { visit(at, along.length); });
}

}  // namespace backproof::scan
