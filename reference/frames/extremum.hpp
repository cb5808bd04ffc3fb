// The frame of Max and Min: one of any number of tensors wins at each element, with numpy-style broadcasting.
//
//   y    = the x_k that beats all others
//   dx_k = U_k(w_k g),   w_k = 1 / |T| for k in T = {k : x_k = y}, else 0;   U_k sums over the axes along which x_k
//                        was broadcast
//
// An op says which of two numbers wins: static bool beats(const S& a, const S& b). Equal infinities are a tie like any
// other, so ties are found by comparing and never by subtracting. A NaN wins.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/variadic.hpp"

namespace backproof::elementwise {

template <class Op>
struct extremum {
  static void draw(sampler& s) {
    const index_t inputs = s.choose<index_t>({2, 3, 1});
    const shape full = s.dims(0, 3);
    for (index_t k = 0; k < inputs; ++k) s.input(drawn_operand(s, full), {.distinct = true});
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {broadcast_all(in)}; }

  // The inputs' elements that meet in one output element: visit(k, j) for element j of input k.
  template <scalar S>
  static auto meeting(const call<S>& c, const shape& to) {
    std::vector<broadcasting> at;
    for (const values<S>& x : c.in) at.emplace_back(x.dims(), to);
    return [at](index_t i, auto visit) {
      for (std::size_t k = 0; k < at.size(); ++k) visit(k, at[k](i));
    };
  }

  template <scalar S, class Meeting>
  static S winner(const call<S>& c, index_t i, const Meeting& each) {
    S best = S(0);
    each(i, [&](std::size_t k, index_t j) {
      const S& x = c.in[k][j];
      if (k == 0 || Op::beats(x, best) || !(x == x)) best = x;
    });
    return best;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const auto each = meeting(c, y[0].dims());
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = winner(c, i, each);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const auto each = meeting(c, g[0].dims());
    all_sums<S> dx(d);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const S y = winner(c, i, each);
      int ties = 0;
      each(i, [&](std::size_t k, index_t j) { ties += c.in[k][j] == y; });
      each(i, [&](std::size_t k, index_t j) {
        if (c.in[k][j] == y) dx[k][j] += g[0][i] / S(ties);
      });
    }
    dx.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const auto each = meeting(c, g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i) {
      const real y = winner(c, i, each);
      std::vector<position> tied;
      each(i, [&](std::size_t k, index_t j) {
        if (c.in[k][j] == y) tied.push_back({k, j});
      });
      if (tied.size() > 1) s.simplex(tied, g[0][i]);
    }
  }
};

}  // namespace backproof::elementwise
