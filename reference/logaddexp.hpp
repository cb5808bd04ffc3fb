// log(exp(a) + exp(b)), elementwise, with numpy-style broadcasting: addition of numbers given by their logarithms.
//
//   y  = m + log1p(exp(-|a - b|)),   m = max(a, b)
//   da = U_a(g s(a - b)), db = U_b(g s(b - a)),   s(z) = 1 / (1 + exp(-z)), U: sum over the broadcast axes
//
// Smooth for finite a and b, where the two weights add up to 1. Two equal infinities, as two impossible events have
// them, are a tie: any weights >= 0 that add up to 1 are a subgradient, and the reference takes the even ones.
// Source: torch.logaddexp.
#pragma once

#include <limits>

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"
#include "frames/logistic.hpp"

namespace backproof::ops {

struct logaddexp : elementwise::binary<logaddexp> {
  static constexpr op_info info{.name = "logaddexp",
                                .signature = "a, b -> y",
                                .formula = "y = log(exp(a) + exp(b))",
                                .vjp =
                                    "da = g s(a - b), db = g s(b - a), s(z) = 1 / (1 + exp(-z)), summed over "
                                    "broadcast axes",
                                .source = "torch.logaddexp"};
  static constexpr law laws[] = {law::shift(1)};

  static void draw(sampler& s) { s.broadcast_pair({.kinks = {-std::numeric_limits<double>::infinity()}}); }

  template <class S>
  static bool same_infinity(const S& a, const S& b) {
    return a == b && !(a - b == S(0));
  }

  template <scalar S>
  static S value(const S& a, const S& b, const attributes&) {
    if (same_infinity(a, b)) return a;
    const S& most = a < b ? b : a;
    return most + math::log1p(math::exp(-math::abs(a - b)));
  }

  template <scalar S>
  static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes&) {
    if (same_infinity(a, b)) return {g / S(2), g / S(2)};
    return {g * logistic::sigmoid(a - b), g * logistic::sigmoid(b - a)};
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i)
      if (same_infinity(c.in[0][a(i)], c.in[1][b(i)])) s.simplex({{0, a(i)}, {1, b(i)}}, g[0][i]);
  }

  struct from_output : elementwise::binary_vjp<from_output> {
    static constexpr variant_info info{.name = "exp(a-y)",
                                       .loss = "the rounded output makes the weights add up to more or less than 1",
                                       .keeps_sign = true};
    template <scalar S>
    static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes& attrs) {
      const S y = value(a, b, attrs);
      return {g * math::exp(a - y), g * math::exp(b - y)};
    }
  };
  struct plain_log : elementwise::binary<plain_log> {
    static constexpr variant_info info{.name = "m+log(1+exp(-|a-b|))",
                                       .loss = "1 + exp rounds away what log1p keeps; it shows where y is near 0"};
    template <scalar S>
    static S value(const S& a, const S& b, const attributes&) {
      if (same_infinity(a, b)) return a;
      return (a < b ? b : a) + math::log(S(1) + math::exp(-math::abs(a - b)));
    }
    template <scalar S>
    static std::array<S, 2> pull(const S& a, const S& b, const S& g, const attributes& attrs) {
      return logaddexp::pull(a, b, g, attrs);
    }
  };
  using variants = variant_list<from_output, plain_log>;
};

}  // namespace backproof::ops
