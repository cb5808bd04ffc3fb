// softmin along one axis: softmax of -x.
//
//   p_i  = exp(m - x_i) / sum_j exp(m - x_j),   m = min_j x_j
//   dx_i = -p_i sum_j p_j (g_i - g_j)
//
// Smooth everywhere, with the hazards of softmax: without the shift by m, exp overflows, and p_i (g_i - <g, p>)
// cancels. Source: torch.nn.functional.softmin.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/softmax.hpp"

namespace backproof::ops {

struct softmin {
  static constexpr op_info info{.name = "softmin",
                                .signature = "x -> y",
                                .formula = "p_i = exp(min x - x_i) / sum_j exp(min x - x_j)",
                                .vjp = "dx_i = -p_i sum_j p_j (g_i - g_j)",
                                .source = "torch.nn.functional.softmin"};
  static constexpr law laws[] = {law::shift(0), law::symmetric(), law::norm(0.5)};

  static void draw(sampler& s) { along_axis::draw(s); }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return along_axis::infer(a, in); }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    y[0] = along_axis::probabilities(along_axis::negated(c.in[0]), along);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    const values<S> p = along_axis::probabilities(along_axis::negated(c.in[0]), along);
    d[0] = along_axis::negated(along_axis::pull_by_differences(p, g[0], along));
  }

  struct inner_product {
    static constexpr variant_info info{.name = "p*(g-<g,p>)",
                                       .loss = "g-<g,p> cancels for nearly constant g, or p near 1"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      const slices along(c.in[0].dims(), c.attrs.integer("axis"));
      const values<S> p = along_axis::probabilities(along_axis::negated(c.in[0]), along);
      d[0] = along_axis::negated(along_axis::pull_by_inner_product(p, g[0], along));
    }
  };
  using variants = variant_list<inner_product>;
};

}  // namespace backproof::ops
