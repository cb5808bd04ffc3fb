// Max of any number of tensors, elementwise, with numpy-style broadcasting: the gradient router.
//
//   y    = max_k x_k
//   dx_k = U_k(w_k g),   w_k = 1 / |T| for k in T = {k : x_k = y}, else 0;   U_k sums over the axes along which x_k
//                        was broadcast
//
// Kinks where inputs tie: any weights >= 0 on the tied inputs that add up to 1 are a subgradient, and the reference
// takes the even one. Whichever is taken, the gradients of the inputs add up to g. Equal infinities are a tie as well,
// so ties are found by comparing and never by subtracting. A NaN wins.
// Source: ONNX Max-13; "max gate: gradient router" of the backpropagation lectures.
#pragma once

#include <stdexcept>

#include "backproof/op.hpp"
#include "backproof/sample.hpp"

namespace backproof::ops {

struct max {
  static constexpr op_info info{.name = "max",
                                .onnx = "Max",
                                .opset = 13,
                                .signature = "data... -> max",
                                .formula = "y = max_k x_k",
                                .vjp = "dx_k = sum of w_k g over x_k's broadcast axes, w even over the tied, else 0",
                                .source = "ONNX Max-13"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) {
    const index inputs = s.choose<index>({2, 3, 1});
    const shape full = s.dims(0, 3);
    for (index k = 0; k < inputs; ++k) {
      shape dims = full;
      switch (s.choose({0, 1, 2})) {
        case 1:  // fewer axes
          dims.erase(dims.begin(), dims.begin() + s.random().between(0, static_cast<index>(dims.size())));
          break;
        case 2:  // extent 1 somewhere
          for (index& e : dims)
            if (s.random().chance(0.5)) e = 1;
          break;
        default:
          break;
      }
      s.input(dims, {.distinct = true});
    }
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (in.empty()) throw std::invalid_argument("max of nothing");
    shape y = in[0];
    for (const shape& x : in) y = broadcast(y, x);
    return {y};
  }

  // The inputs' elements that meet in one output element: visit(k, j) for element j of input k.
  template <scalar S>
  static auto meeting(const call<S>& c, const shape& to) {
    std::vector<broadcasting> at;
    for (const values<S>& x : c.in) at.emplace_back(x.dims(), to);
    return [at](index i, auto visit) {
      for (std::size_t k = 0; k < at.size(); ++k) visit(k, at[k](i));
    };
  }

  template <scalar S, class Meeting>
  static S largest(const call<S>& c, index i, const Meeting& each) {
    S best = S(0);
    each(i, [&](std::size_t k, index j) {
      const S& x = c.in[k][j];
      if (k == 0 || best < x || !(x == x)) best = x;
    });
    return best;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const auto each = meeting(c, y[0].dims());
    for (index i = 0; i < y[0].size(); ++i) y[0][i] = largest(c, i, each);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const auto each = meeting(c, g[0].dims());
    std::vector<sums<S>> dx;
    for (values<S>& one : d) dx.emplace_back(one);
    for (index i = 0; i < g[0].size(); ++i) {
      const S y = largest(c, i, each);
      int ties = 0;
      each(i, [&](std::size_t k, index j) { ties += c.in[k][j] == y; });
      each(i, [&](std::size_t k, index j) {
        if (c.in[k][j] == y) dx[k][j] += g[0][i] / S(ties);
      });
    }
    for (sums<S>& one : dx) one.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const auto each = meeting(c, g[0].dims());
    for (index i = 0; i < g[0].size(); ++i) {
      const real y = largest(c, i, each);
      std::vector<position> tied;
      each(i, [&](std::size_t k, index j) {
        if (c.in[k][j] == y) tied.push_back({k, j});
      });
      if (tied.size() > 1) s.simplex(tied, g[0][i]);
    }
  }
};

}  // namespace backproof::ops
