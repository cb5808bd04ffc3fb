// Pow, elementwise, with numpy-style broadcasting.
//
//   Z  = X^Y
//   dX = U_X(g Y X^(Y-1)), dY = U_Y(g X^Y ln X),   U_X(t): t summed over the axes along which X was broadcast
//
// X > 0: smooth. X < 0: a number for whole Y only, so that there is no derivative with regard to Y; dY is NaN, for
// which any answer is as good. X = 0: Z is constant in Y > 0, so dY = 0, where the formula has 0 * inf; dX is 0 for Y >
// 1 and Y = 0, g for Y = 1, and infinite for the others. Samples have X > 0, and one in seven has X < 0 and a whole Y.
// Source: ONNX Pow-15.
#pragma once

#include <limits>

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct pow : elementwise::binary<pow> {
  static constexpr op_info info{
      .name = "pow",
      .onnx = "Pow",
      .opset = 15,
      .signature = "X, Y -> Z",
      .formula = "Z = X^Y",
      .vjp = "dX = sum of g Y X^(Y-1) over X's broadcast axes, dY = sum of g X^Y ln(X) over Y's",
      .source = "ONNX Pow-15"};

  static void draw(sampler& s) {
    const auto only = [](double y) { return domain{.low = y, .high = y}; };
    switch (s.choose({0, 1, 2, 3})) {
      case 0:
        return s.broadcast_pair({.low = 0.125, .high = 8, .kinks = {0}}, only(s.choose({0.5, -0.5, 1.5, 2.75})));
      case 1:
        return s.broadcast_pair({.low = 0.125, .high = 8, .kinks = {0}}, {.low = -4, .high = 4});
      default:
        return s.broadcast_pair({.low = 0.125, .high = 8, .kinks = {0, -0.5, -1.5, -3}},
                                only(s.choose({2.0, 3.0, 1.0, 0.0, -1.0, -2.0})));
    }
  }

  template <scalar S>
  static bool whole(const S& y) {
    return math::floor(y) == y;
  }

  // Of -0 the reciprocal tells the sign.
  template <scalar S>
  static bool negative(const S& x) {
    return x < S(0) || (x == S(0) && S(1) / x < S(0));
  }

  template <scalar S>
  static S value(const S& x, const S& y, const attributes&) {
    if (x < S(0) && !whole(y)) return S(std::numeric_limits<double>::quiet_NaN());
    const S size = math::pow(math::abs(x), y);
    return whole(y) && !whole(y / S(2)) && negative(x) ? -size : size;
  }

  template <scalar S>
  static S pull_base(const S& x, const S& y, const S& g, const attributes& a) {
    if (x < S(0) && !whole(y)) return S(std::numeric_limits<double>::quiet_NaN());
    if (y == S(0)) return S(0);
    if (y == S(1)) return g;
    const S p = value(x, y - S(1), a);
    return p == S(0) ? p : g * (y * p);  // 0, even if y is infinite
  }

  template <scalar S>
  static S pull_exponent(const S& x, const S& y, const S& g, const attributes& a) {
    if (x == S(0)) return S(0) < y ? S(0) : S(std::numeric_limits<double>::quiet_NaN());
    return g * (value(x, y, a) * math::log(x));
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& x, const S& y, const S& g, const attributes& a) {
    return {pull_base(x, y, g, a), pull_exponent(x, y, g, a)};
  }

  // For X <= 0 there is no derivative with regard to Y, nor a set of subgradients: intervals of no width say just that.
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const broadcasting x(c.in[0].dims(), g[0].dims()), y(c.in[1].dims(), g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i)
      if (c.in[0][x(i)] <= real(0)) s.interval({1, y(i)}, 0, 0, 0, 0);
  }
};

}  // namespace backproof::ops
