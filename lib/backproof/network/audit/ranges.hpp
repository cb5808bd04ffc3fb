// The ranges of a layer's results if its inputs are known within bounds only: for steps that leave tensors out, where
// several layers are judged as one.
#pragma once

#include "backproof/judge/comparison.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

using interval = values<bounded<real>>;
using intervals = value_list<bounded<real>>;

// Numbers on which nothing was computed: whoever made them has had nothing to round, so they are known.
bool is_exact_range(const interval& x);

struct arithmetic {
  precision numbers;
  bool lossy = false;  // by any of the op's known formulas, and in the storage format throughout
};

intervals forward_range(const node& layer, const intervals& in, const arithmetic& how);

// Whatever an implementation chooses at kinks: an input near one may lie on either side of it, and tied elements may
// share their cotangent in any way.
intervals backward_range(const node& layer, const intervals& in, const intervals& g, const arithmetic& how);

// The same for gradients that are known already.
void open_kinks(const node& layer, const intervals& in, const intervals& g, double unit, intervals& d);

}  // namespace backproof::networks
