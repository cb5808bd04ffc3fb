// Softmax along one axis.
//
//   p_i  = exp(x_i - m) / sum_j exp(x_j - m),   m = max_j x_j
//   dx_i = p_i sum_j p_j (g_i - g_j)
//
// Smooth everywhere; without the shift by m, exp overflows. The Jacobian diag(p) - p p^T maps constants to 0, so the
// usual p_i (g_i - <g, p>) cancels for a nearly constant g, and for p_i near 1; differences g_i - g_j do not.
// Source: ONNX Softmax-13; the softmax output units of the backpropagation lectures.
#pragma once

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

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

  static void draw(sampler& s) {
    const shape x = s.dims(1, 3);
    const index rank = static_cast<index>(x.size());
    s.attribute("axis", s.pick(2 * rank) - rank);
    s.input(x);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    slices(in[0], a.integer("axis"));  // throws if there is no such axis
    return {in[0]};
  }

  // Calls visit(at) for each slice along the axis; at(j) is where element j of the slice stands.
  template <class F>
  static void each_slice(const slices& along, F visit) {
    for (index o = 0; along.length > 0 && o < along.outer; ++o)
      for (index i = 0; i < along.inner; ++i)
        visit([start = along.start(o, i), inner = along.inner](index j) { return start + j * inner; });
  }

  template <scalar S>
  static values<S> probabilities(const values<S>& x, const slices& along) {
    values<S> p(x.dims());
    each_slice(along, [&](auto at) {
      S m = x[at(0)];
      for (index j = 1; j < along.length; ++j) m = math::max(m, x[at(j)]);
      sum<S> total;
      for (index j = 0; j < along.length; ++j) total += p[at(j)] = math::exp(x[at(j)] - m);
      for (index j = 0; j < along.length; ++j) p[at(j)] /= total.value();
    });
    return p;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    y[0] = probabilities(c.in[0], slices(c.in[0].dims(), c.attrs.integer("axis")));
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    const values<S> p = probabilities(c.in[0], along);
    each_slice(along, [&](auto at) {
      for (index i = 0; i < along.length; ++i) {
        sum<S> s;
        for (index j = 0; j < along.length; ++j)
          if (j != i) s.add_product(p[at(j)], g[0][at(i)] - g[0][at(j)]);
        d[0][at(i)] = p[at(i)] * s.value();
      }
    });
  }

  struct inner_product {
    static constexpr variant_info info{.name = "p*(g-<g,p>)",
                                       .loss = "g-<g,p> cancels for nearly constant g, or p near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      const slices along(c.in[0].dims(), c.attrs.integer("axis"));
      const values<S> p = probabilities(c.in[0], along);
      each_slice(along, [&](auto at) {
        sum<S> s;
        for (index j = 0; j < along.length; ++j) s.add_product(g[0][at(j)], p[at(j)]);
        for (index i = 0; i < along.length; ++i) d[0][at(i)] = p[at(i)] * (g[0][at(i)] - s.value());
      });
    }
  };
  using variants = variant_list<inner_product>;
};

}  // namespace backproof::ops
