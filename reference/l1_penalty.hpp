// L1 penalty: the sum of the weights' magnitudes, added to a loss to keep weights few.
//
//   y  = lambda sum |w|
//   dw = g lambda sgn w
//
// Kink at w = 0: [-lambda, lambda], and the reference takes 0. Source: the norm penalty Omega of the backpropagation
// lectures; lasso regression.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct l1_penalty {
  static constexpr op_info info{.name = "l1_penalty",
                                .signature = "w -> penalty",
                                .formula = "y = lambda sum |w|",
                                .vjp = "dw = g lambda sgn w",
                                .source = "norm penalty of the backpropagation lectures"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) {
    s.attribute("lambda", s.choose({static_cast<double>(0.01f), 1.0, 2.5}));
    s.input(s.dims(0, 3), {.kinks = {0}});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape>) {
    a.number("lambda");  // throws if it is missing
    return {shape{}};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sum<S> total;
    for (index_t i = 0; i < c.in[0].size(); ++i) total += math::abs(c.in[0][i]);
    y[0][0] = S(c.attrs.number("lambda")) * total.value();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const S slope = g[0][0] * S(c.attrs.number("lambda"));
    for (index_t i = 0; i < d[0].size(); ++i) {
      const S& w = c.in[0][i];
      d[0][i] = S(0) < w ? slope : w < S(0) ? -slope : S(0);
    }
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const real lambda(c.attrs.number("lambda"));
    for (index_t i = 0; i < c.in[0].size(); ++i)
      if (c.in[0][i] == real(0)) s.interval({0, i}, -abs(lambda), abs(lambda), real(0), g[0][0]);
  }
};

}  // namespace backproof::ops
