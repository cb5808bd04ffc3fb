// Softmax along one axis.
//
//   p_i  = exp(x_i - m) / sum_j exp(x_j - m),   m = max_j x_j
//   dx_i = p_i sum_j p_j (g_i - g_j)
//
// Smooth everywhere; without the shift by m, exp overflows. The Jacobian diag(p) - p p^T maps constants to 0, so the
// usual p_i (g_i - <g, p>) cancels for a nearly constant g, and for p_i near 1; differences g_i - g_j do not.
// Source: ONNX Softmax-13; the softmax output units of the backpropagation lectures.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/softmax.hpp"

namespace backproof::ops {

struct softmax {
  static constexpr op_info info{.name = "softmax",
                                .onnx = "Softmax",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "p_i = exp(x_i - max x) / sum_j exp(x_j - max x)",
                                .vjp = "dx_i = p_i sum_j p_j (g_i - g_j)",
                                .source = "ONNX Softmax-13"};
  static constexpr law laws[] = {law::shift(0), law::symmetric(), law::norm(0.5)};

  static void draw(sampler& s) { along_axis::draw(s); }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return along_axis::infer(a, in); }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    y[0] = along_axis::probabilities(c.in[0], slices(c.in[0].dims(), c.attrs.integer("axis")));
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    d[0] = along_axis::pull_by_differences(along_axis::probabilities(c.in[0], along), g[0], along);
  }

  struct inner_product {
    static constexpr variant_info info{.name = "p*(g-<g,p>)",
                                       .loss = "g-<g,p> cancels for nearly constant g, or p near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      const slices along(c.in[0].dims(), c.attrs.integer("axis"));
      d[0] = along_axis::pull_by_inner_product(along_axis::probabilities(c.in[0], along), g[0], along);
    }
  };
  using variants = variant_list<inner_product>;
};

}  // namespace backproof::ops
