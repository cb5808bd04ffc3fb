// rrelu, the randomised leaky rectifier, elementwise, with its random slopes given.
//
//   y  = x for x >= 0, else r x
//   dx = g for x >= 0, else r g
//
// In training r is the noise that the forward pass drew between lower and upper, and it is an input here, so that the
// backward pass can be held to it; without noise, as in evaluation, r = (lower + upper) / 2 everywhere.
// Kink at x = 0: any slope between r and 1 is a subgradient, and the reference takes 1.
// Source: torch.nn.functional.rrelu; THNN RReLU.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct rrelu {
  static constexpr op_info info{.name = "rrelu",
                                .signature = "x, noise?~ -> y",
                                .formula = "y = x for x >= 0, else r x; r = noise, or (lower + upper) / 2",
                                .vjp = "dx = g for x >= 0, else r g",
                                .source = "torch.nn.functional.rrelu"};
  static constexpr law laws[] = {law::homogeneous(1, 0)};

  static void draw(sampler& s) {
    const double lower = s.attribute("lower", s.choose({0.125, static_cast<double>(-0.2f)}));
    const double upper = s.attribute("upper", s.choose({static_cast<double>(0.333f), 0.5}));
    const bool training = s.choose({true, false});
    const shape x = s.dims(0, 3);
    s.input(x, {.kinks = {0}});
    if (training)
      s.input(x, {.low = lower, .high = upper});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (given(in, 1) && in[1] != in[0])
      throw invalid_input("noise " + to_string(in[1]) + " has not the shape of x " + to_string(in[0]));
    return {in[0]};
  }

  template <scalar S>
  static S slope(const call<S>& c, index_t i) {
    return c.has(1) ? c.in[1][i] : (S(c.attrs.number("lower")) + S(c.attrs.number("upper"))) / S(2);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) {
      const S& x = c.in[0][i];
      y[0][i] = x < S(0) ? slope(c, i) * x : x;
    }
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = c.in[0][i] < S(0) ? slope(c, i) * g[0][i] : g[0][i];
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    for (index_t i = 0; i < g[0].size(); ++i) {
      const real r = slope(c, i), one = 1;
      if (c.in[0][i] == real(0)) s.interval({0, i}, math::min(r, one), math::max(r, one), one, g[0][i]);
    }
  }
};

}  // namespace backproof::ops
