// CumSum, the running sum along one axis.
//
//   y_i  = sum of x_j, j <= i (j < i if exclusive; with reverse, j >= i and j > i)
//   dx_j = sum of g_i over those i: the running sum of g in the other direction
//
// Linear, smooth everywhere.
// Source: ONNX CumSum-14, with axis as an attribute.
#pragma once

#include "frames/scan.hpp"

namespace backproof::ops {

struct cum_sum {
  static constexpr op_info info{.name = "cum_sum",
                                .onnx = "CumSum",
                                .opset = 14,
                                .signature = "x -> y",
                                .formula = "y_i = sum of x_j, j <= i; exclusive: j < i; reverse: j >= i",
                                .vjp = "dx_j = sum of g_i over the y_i that hold x_j",
                                .source = "ONNX CumSum-14"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) { scan::draw(s); }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return scan::infer(a, in); }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    scan::each_slice(c.attrs, c.in[0].dims(), [&](auto at, index_t n) {
      for (index_t i = 0; i < n; ++i) {
        sum<S> total;
        for (index_t j = 0; j < n; ++j)
          if (scan::holds(c.attrs, i, j)) total += c.in[0][at(j)];
        y[0][at(i)] = total.value();
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    scan::each_slice(c.attrs, c.in[0].dims(), [&](auto at, index_t n) {
      for (index_t j = 0; j < n; ++j) {
        sum<S> total;
        for (index_t i = 0; i < n; ++i)
          if (scan::holds(c.attrs, i, j)) total += g[0][at(i)];
        d[0][at(j)] = total.value();
      }
    });
  }
};

}  // namespace backproof::ops
