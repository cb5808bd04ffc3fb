// Copy: one value that n others use, so that its gradient is the sum of theirs.
//
//   y_k = x            for k = 1 .. n
//   dx  = sum_k g_k
//
// Linear, smooth everywhere. Nothing is computed forward, so every output must be x bit for bit.
// Source: "copy gate: gradient adder", gradients add at branches, of the backpropagation lectures.
#pragma once

#include <string>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct copy {
  static constexpr op_info info{.name = "copy",
                                .signature = "x -> y...",
                                .formula = "y_k = x for k = 1 .. n",
                                .vjp = "dx = sum_k g_k",
                                .source = "copy gate of the backpropagation lectures"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    s.attribute("n", s.choose<index_t>({2, 4, 1}));
    s.input(s.dims(0, 3));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const index_t n = a.integer("n");
    if (n < 1 || n > 1000) throw invalid_input("n is " + std::to_string(n) + ", not in 1 .. 1000");
    return std::vector<shape>(static_cast<std::size_t>(n), in[0]);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (values<S>& out : y)
      for (index_t i = 0; i < out.size(); ++i) out[i] = c.in[0][i];
  }

  template <scalar S>
  static void vjp(const call<S>&, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    for (const values<S>& branch : g)
      for (index_t i = 0; i < branch.size(); ++i) dx[i] += branch[i];
    dx.store();
  }
};

}  // namespace backproof::ops
