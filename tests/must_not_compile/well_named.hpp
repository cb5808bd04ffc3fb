// expect: compiles
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct well_named {
  static constexpr op_info info{
      .name = "well_named", .signature = "X -> Y", .formula = "y = x", .vjp = "dx = g", .source = "test"};
  static void draw(sampler& s) { s.input(s.dims(0, 3)); }
  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = (c.in[0][i]);
  }
  template <scalar S>
  static void vjp(const call<S>&, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i];
  }
};

}  // namespace backproof::ops
