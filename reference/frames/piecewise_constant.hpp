// Elementwise ops that are constant except for jumps: the gradient is zero everywhere. At a jump there is no
// derivative,
// and the one-sided slopes are 0 as well. The op states where it jumps: static bool jumps(const real& x).
#pragma once

#include "frames/elementwise.hpp"

namespace backproof::elementwise {

template <class Op>
struct piecewise_constant : unary<Op> {
  template <scalar S>
  static S pull(const S&, const S&, const attributes&) {
    return S(0);
  }

  static std::optional<slopes> kink(const real& x, const attributes&, const subdifferential&) {
    if (Op::jumps(x)) return slopes{0, 0};
    return std::nullopt;
  }
};

}  // namespace backproof::elementwise
