// L2 penalty, or weight decay: the sum of the squared weights, added to a loss to keep weights small.
//
//   y  = lambda / (2m) sum w^2,   m the number of training examples that the loss is averaged over
//   dw = g lambda w / m
//
// Smooth everywhere. Source: lambda / 2m sum Theta^2 of the backpropagation lectures; ridge regression.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct l2_penalty {
  static constexpr op_info info{.name = "l2_penalty",
                                .signature = "w -> penalty",
                                .formula = "y = lambda / (2m) sum w^2",
                                .vjp = "dw = g lambda w / m",
                                .source = "regularisation term of the backpropagation lectures"};
  static constexpr law laws[] = {law::homogeneous(2)};

  static void draw(sampler& s) {
    s.attribute("lambda", s.choose({static_cast<double>(0.01f), 1.0, 2.5}));
    s.attribute("m", s.choose<index_t>({1, 50, 3}));
    s.input(s.dims(0, 3));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape>) {
    a.number("lambda");  // throws if it is missing
    if (a.integer("m") < 1) throw invalid_input("m is not positive");
    return {shape{}};
  }

  template <scalar S>
  static S factor(const attributes& a) {
    return S(a.number("lambda")) / S(static_cast<double>(a.integer("m")));
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sum<S> total;
    for (index_t i = 0; i < c.in[0].size(); ++i) total.add_product(c.in[0][i], c.in[0][i]);
    y[0][0] = factor<S>(c.attrs) / S(2) * total.value();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][0] * factor<S>(c.attrs) * c.in[0][i];
  }
};

}  // namespace backproof::ops
