// glu, the gated linear unit, along one axis of even extent.
//
//   y  = a s(b),   x = [a, b] cut in halves along the axis, s the logistic function
//   da = g s(b),   db = g a s(b) s(-b)
//
// Smooth everywhere. s(b) s(-b) keeps the digits that s (1 - s) loses for large b.
// Source: torch.nn.functional.glu; THNN GatedLinearUnit.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct glu {
  static constexpr op_info info{.name = "glu",
                                .signature = "x -> y",
                                .formula = "y = a s(b), x = [a, b] along the axis",
                                .vjp = "da = g s(b), db = g a s(b) s(-b)",
                                .source = "torch.nn.functional.glu"};

  static void draw(sampler& s) {
    shape x = s.dims(1, 3);
    const index_t rank = static_cast<index_t>(x.size()), axis = s.attribute("axis", s.pick(2 * rank) - rank);
    index_t& halved = x[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
    halved = halved == 0 ? 0 : 2 * std::max<index_t>(1, halved / 2);
    s.input(x);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const slices along(in[0], a.integer("axis"));
    if (along.length % 2 != 0) throw invalid_input("an axis of odd extent has no halves");
    shape y = in[0];
    const index_t axis = a.integer("axis");
    y[static_cast<std::size_t>(axis < 0 ? axis + static_cast<index_t>(y.size()) : axis)] = along.length / 2;
    return {y};
  }

  // Calls visit(i, a, b) for each element of y: where it stands, and where its a and b stand in x.
  template <scalar S, class F>
  static void each(const call<S>& c, F visit) {
    const slices along(c.in[0].dims(), c.attrs.integer("axis"));
    const index_t half = along.length / 2 * along.inner;
    for (index_t o = 0; o < along.outer; ++o)
      for (index_t k = 0; k < half; ++k) visit(o * half + k, along.start(o, k), along.start(o, k) + half);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each(c, [&](index_t i, index_t a, index_t b) { y[0][i] = c.in[0][a] * logistic::sigmoid(c.in[0][b]); });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each(c, [&](index_t i, index_t a, index_t b) {
      const S s = logistic::sigmoid(c.in[0][b]);
      d[0][a] = g[0][i] * s;
      d[0][b] = g[0][i] * c.in[0][a] * s * logistic::sigmoid(-c.in[0][b]);
    });
  }

  struct from_gate {
    static constexpr variant_info info{
        .name = "s*(1-s)", .loss = "1-s from the rounded s cancels for large b", .keeps_sign = true};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      each(c, [&](index_t i, index_t a, index_t b) {
        const S s = logistic::sigmoid(c.in[0][b]);
        d[0][a] = g[0][i] * s;
        d[0][b] = g[0][i] * c.in[0][a] * (s * (S(1) - s));
      });
    }
  };
  using variants = variant_list<from_gate>;
};

}  // namespace backproof::ops
