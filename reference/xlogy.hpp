// x log y, elementwise, with numpy-style broadcasting; 0 for x = 0, even where log y is infinite or undefined.
//
//   z  = x log y
//   dx = U_x(g log y), dy = U_y(g x / y),   U: sum over the axes along which it was broadcast
//
// Domain y > 0. At x = 0 the gradient is the same: dx = g log y, which is not 0. Singular at y = 0, with dx and dy
// infinite; for x = 0 as well, dy is undefined. For y < 0 and x other than 0, NaN. Source: torch.special.xlogy.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct xlogy : elementwise::binary<xlogy> {
  static constexpr op_info info{.name = "xlogy",
                                .signature = "x, y -> z",
                                .formula = "z = x log y, 0 for x = 0",
                                .vjp = "dx = g log y, dy = g x / y, each summed over its broadcast axes",
                                .source = "torch.special.xlogy"};
  static constexpr law laws[] = {law::linear_in(0)};

  static void draw(sampler& s) {
    const shape full = s.dims(0, 3);
    s.input(elementwise::drawn_operand(s, full));
    s.input(elementwise::drawn_operand(s, full), {.low = 0.0078125, .high = 4096});
  }

  template <scalar S>
  static S value(const S& x, const S& y, const attributes&) {
    const S z = x * math::log(y);
    return x == S(0) && y == y && !(z == z) ? S(0) : z;  // 0 times infinity; a NaN that was given stays
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& x, const S& y, const S& g, const attributes&) {
    return {g * math::log(y), y < S(0) ? math::log(y) : g * (x / y)};
  }
};

}  // namespace backproof::ops
