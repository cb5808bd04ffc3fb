// relu6, elementwise.
//
//   y  = 0 for x <= 0, 6 for x > 6, else x
//   dx = g for 0 < x < 6, else 0
//
// Kinks at 0 and 6: any slope in [0, 1] is a subgradient, and the reference takes 0. Data is selected, never
// multiplied. Source: torch.nn.functional.relu6.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct relu6 : elementwise::unary<relu6> {
  static constexpr op_info info{.name = "relu6",
                                .signature = "x -> y",
                                .formula = "y = min(max(0, x), 6)",
                                .vjp = "dx = g for 0 < x < 6, else 0",
                                .source = "torch.nn.functional.relu6"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) { s.input(s.dims(1, 3), {.low = -1, .high = 9, .kinks = {0, 6}}); }

  template <scalar S>
  static S value(const S& x, const attributes&) {
    return x <= S(0) ? S(0) : S(6) < x ? S(6) : x;  // a NaN is neither, and stays
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes&) {
    return S(0) < x && x < S(6) ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes&, const subdifferential&) {
    if (x == real(0) || x == real(6)) return elementwise::slopes{0, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
