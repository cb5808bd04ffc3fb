// PRelu, elementwise, with a slope that is learned.
//
//   y      = x for x >= 0, else s x
//   dx     = g for x >= 0, else s g
//   dslope = U_s(g x for x < 0, else 0),   U_s: sum over the axes along which the slope was broadcast
//
// The slope broadcasts to the shape of X, and not X to that of the slope. Kink at x = 0: any dx between s g and g is a
// subgradient, and the reference takes g; dslope is continuous there.
// Source: ONNX PRelu-16; He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct prelu : elementwise::binary<prelu> {
  static constexpr op_info info{
      .name = "prelu",
      .onnx = "PRelu",
      .opset = 16,
      .signature = "X, slope -> Y",
      .formula = "y = x for x >= 0, else s x",
      .vjp = "dx = g for x >= 0, else s g; dslope = g x for x < 0, summed over broadcast axes",
      .source = "ONNX PRelu-16"};
  static constexpr law laws[] = {law::homogeneous(1, 0), law::linear_in(1)};

  static void draw(sampler& s) {
    const index_t kind = s.pick(6);  // of slope
    const shape x = s.dims(kind == 0 ? 0 : 2, 3);
    shape channels(x.size() > 1 ? x.size() - 1 : 0, 1), some = x;
    if (x.size() > 1) channels[0] = x[1];
    for (index_t& e : some)
      if (s.random().chance(0.5)) e = 1;
    const std::vector<shape> shapes = {x, {}, {1}, channels, some, {x.empty() ? 1 : x.back()}};
    s.input(x, {.kinks = {0}});
    s.input(shapes[static_cast<std::size_t>(kind)]);
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (broadcast(in[0], in[1]) != in[0])
      throw invalid_input("a slope " + to_string(in[1]) + " does not broadcast to X " + to_string(in[0]));
    return {in[0]};
  }

  template <scalar S>
  static S value(const S& x, const S& slope, const attributes&) {
    return x < S(0) ? slope * x : x;
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& x, const S& slope, const S& g, const attributes&) {
    if (x < S(0)) return {slope * g, g * x};
    // At the kink g stands for s g too, where a slope near 1 leaves only its rounding between the two.
    return {x == S(0) ? g * math::constant<S>(1) : g, S(0)};
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const broadcasting from(c.in[1].dims(), g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i) {
      const real &slope = c.in[1][from(i)], one = 1;
      if (c.in[0][i] == real(0)) s.interval({0, i}, math::min(slope, one), math::max(slope, one), one, g[0][i]);
    }
  }
};

}  // namespace backproof::ops
