// LogSoftmax along one axis.
//
//   y_i  = x_i - m - log sum_j exp(x_j - m),   m = max_j x_j
//   dx_i = g_i - p_i sum_j g_j = sum_{j != i} (p_j g_i - p_i g_j),   p = exp(y)
//
// Smooth everywhere; without the shift by m, exp overflows. g_i - p_i sum_j g_j cancels for p_i near 1, the other form
// only as far as its terms do. Where x_i is -inf, so is y_i, and dx_i is g_i.
// Source: ONNX LogSoftmax-13; the softmax output units of the backpropagation lectures.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/softmax.hpp"

namespace backproof::ops {

struct log_softmax {
  static constexpr op_info info{.name = "log_softmax",
                                .onnx = "LogSoftmax",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "y_i = x_i - max x - log sum_j exp(x_j - max x)",
                                .vjp = "dx_i = sum_{j != i} (p_j g_i - p_i g_j), p = exp(y)",
                                .source = "ONNX LogSoftmax-13"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) { along_axis::draw(s); }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return along_axis::infer(a, in); }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    y[0] = along_axis::log_probabilities(c.in[0], slices(c.in[0].dims(), c.attrs.integer("axis")));
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    const values<S> p = along_axis::probabilities(c.in[0], along);
    along_axis::each_slice(along, [&](auto at) {
      for (index_t i = 0; i < along.length; ++i) {
        sum<S> s;
        for (index_t j = 0; j < along.length; ++j)
          if (j != i) {
            s.add_product(p[at(j)], g[0][at(i)]);
            s.add_product(-p[at(i)], g[0][at(j)]);
          }
        d[0][at(i)] = s.value();
      }
    });
  }

  struct with_total {
    static constexpr variant_info info{.name = "g-p*sum(g)", .loss = "the difference cancels for p near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      const slices along(c.in[0].dims(), c.attrs.integer("axis"));
      const values<S> p = along_axis::probabilities(c.in[0], along);
      along_axis::each_slice(along, [&](auto at) {
        sum<S> s;
        for (index_t j = 0; j < along.length; ++j) s += g[0][at(j)];
        for (index_t i = 0; i < along.length; ++i) d[0][at(i)] = g[0][at(i)] - p[at(i)] * s.value();
      });
    }
  };
  using variants = variant_list<with_total>;
};

}  // namespace backproof::ops
