// Samples without kinks, for ops whose kinks are easily hit by chance in a short format: floor has a kink at every
// integer, and in bf16 every number from 128 on is an integer.
#pragma once

#include "backproof/op/sample.hpp"

namespace backproof {

// For draw functions: calls inputs(s), which draws all inputs of the op, such that a sample that is to be smooth hits
// no kink. A copy of the sampler tells beforehand what will be drawn. Attributes have to be set already.
template <class Op, class Inputs>
void draw_smooth(sampler& s, Inputs inputs) {
  for (int tries = 0; tries < 2000; ++tries) {
    sampler ahead = s;
    inputs(ahead);
    const sample x = ahead.finish();
    if (x.made_for != profile::smooth) break;
    std::vector<values<real>> in, g;
    for (const auto& t : x.inputs) in.push_back(t ? promote(*t) : values<real>{});
    for (const tensor& t : x.cotangents) g.push_back(promote(t));
    subdifferential found(format_of(x.type).unit());
    Op::kinks({x.attrs, in}, g, found);
    if (found.empty()) break;
    s.random() = ahead.random();  // on to other numbers
  }
  inputs(s);
}

}  // namespace backproof
