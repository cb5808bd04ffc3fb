// Frames for ops that work on one element at a time: the op states what happens to one element, the frame walks over
// the tensors.
//
//   struct sigmoid : elementwise::unary<sigmoid> {
//     static constexpr op_info info{...};
//     static void draw(sampler& s);
//     template <scalar S> static S value(const S& x, const attributes& a);               // y
//     template <scalar S> static S pull(const S& x, const S& g, const attributes& a);    // dx
//     static std::optional<slopes> kink(const real& x, const attributes& a, const subdifferential& s);    // optional
//   };
//
// A pull takes the cotangent instead of returning a slope, because an op that only selects data must not multiply: 0 *
// NaN is not zero.
#pragma once

#include <array>
#include <optional>

#include "backproof/op/op.hpp"

namespace backproof::elementwise {

struct slopes {
  real low, high;  // all slopes in between are right
};

// Lossy variants of unary ops derive from this one: dx[i] = pull(x[i], g[i]).
template <class Op>
struct unary_vjp {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = Op::pull(c.in[0][i], g[0][i], c.attrs);
  }
};

// And those that are lossy forward from this one: y[i] = value(x[i]).
template <class Op>
struct unary_value {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = Op::value(c.in[0][i], c.attrs);
  }
};

// y[i] = value(x[i]), of one input.
template <class Op>
struct unary : unary_value<Op>, unary_vjp<Op> {
  static constexpr bool of_one_number = true;

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }

  template <class O = Op>
  requires requires { &O::kink; }
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    for (index_t i = 0; i < g[0].size(); ++i) {
      const real& x = c.in[0][i];
      if (const std::optional<slopes> k = Op::kink(x, c.attrs, s))
        s.interval({0, i}, k->low, k->high, Op::pull(x, real(1), c.attrs), g[0][i]);
    }
  }
};

// Lossy variants of binary ops derive from this one: {da, db} = pull(a, b, g) for each element of the broadcast result.
template <class Op>
struct binary_vjp {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    all_sums<S> totals(d);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const std::array<S, 2> pulled = Op::pull(c.in[0][a(i)], c.in[1][b(i)], g[0][i], c.attrs);
      if (d[0].present()) totals[0][a(i)] += pulled[0];
      if (d[1].present()) totals[1][b(i)] += pulled[1];
    }
    totals.store();
  }
};

// y = value(a, b), of two inputs that broadcast as in numpy; the pulls are summed over the axes of broadcasting.
template <class Op>
struct binary : binary_vjp<Op> {
  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {broadcast(in[0], in[1])}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const broadcasting a(c.in[0].dims(), y[0].dims()), b(c.in[1].dims(), y[0].dims());
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = Op::value(c.in[0][a(i)], c.in[1][b(i)], c.attrs);
  }
};

}  // namespace backproof::elementwise
