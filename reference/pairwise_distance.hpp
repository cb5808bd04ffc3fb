// The distance between pairs of vectors, which lie along the last axis.
//
//   y  = |z|_p,   z = a - b + eps
//   da = g n,   db = -g n,   n = sgn z (|z| / y)^(p-1), 0 where y = 0
//
// a and b broadcast; da and db are summed over the axes of broadcasting. eps, which is meant to keep n defined, shifts
// the kinks: they are where z = 0, elementwise for p = 1 and as a whole for p > 1, and z is computed.
// Source: torch.nn.functional.pairwise_distance, p finite and 1 or more.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/norm.hpp"

namespace backproof::ops {

struct pairwise_distance {
  static constexpr op_info info{.name = "pairwise_distance",
                                .signature = "a, b -> y",
                                .formula = "y = |a - b + eps|_p",
                                .vjp = "da = g sgn z (|z| / y)^(p-1), z = a - b + eps; db = -da",
                                .source = "torch.nn.functional.pairwise_distance"};

  static void draw(sampler& s) {
    s.attribute("p", s.choose({2.0, 1.0, 3.0}));
    s.attribute("eps", s.choose({0.125, 0.0, 0x1p-10}));
    s.attribute("keepdim", s.choose<index_t>({0, 1}));
    const index_t stretched = s.choose<index_t>({0, 1, 2});  // none, b has extent 1 somewhere, a has fewer axes
    shape a = s.dims(1, 3), b = a;
    if (stretched == 1) b[static_cast<std::size_t>(s.random().below(static_cast<index_t>(b.size())))] = 1;
    if (stretched == 2) a.erase(a.begin(), a.end() - 1);
    s.input(a, {.distinct = true});
    s.input(b, {.distinct = true});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("p") >= 1) || std::isinf(a.number("p"))) throw invalid_input("p is not 1 or more, or infinite");
    if (!std::isfinite(a.number("eps"))) throw invalid_input("eps is not finite");
    shape y = broadcast(in[0], in[1]);
    if (y.empty()) throw invalid_input("scalars are no vectors");
    y.pop_back();
    if (a.flag("keepdim")) y.push_back(1);
    return {y};
  }

  // Calls visit(o, z, a, b) for each pair; a[j] and b[j] are where element j of z = a - b + eps came from.
  template <scalar S, class F>
  static void each_pair(const call<S>& c, F visit) {
    const shape all = broadcast(c.in[0].dims(), c.in[1].dims());
    const broadcasting from_a(c.in[0].dims(), all), from_b(c.in[1].dims(), all);
    const index_t length = all.back(), pairs = size_of(shape(all.begin(), all.end() - 1));
    const S eps(c.attrs.number("eps"));
    for (index_t o = 0; o < pairs; ++o) {
      std::vector<S> z;
      std::vector<index_t> a, b;
      for (index_t i = o * length; i < (o + 1) * length; ++i) {
        a.push_back(from_a(i)), b.push_back(from_b(i));
        z.push_back(c.in[0][a.back()] - c.in[1][b.back()] + eps);
      }
      visit(o, z, a, b);
    }
  }

  template <class Norm>
  struct kernels {
    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      each_pair(c, [&](index_t o, const std::vector<S>& z, const auto&, const auto&) {
        y[0][o] = Norm::value(z, c.attrs.number("p"));
      });
    }

    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      sums<S> da(d[0]), db(d[1]);
      each_pair(c, [&](index_t o, const std::vector<S>& z, const auto& a, const auto& b) {
        const std::vector<S> dz = Norm::pull(z, c.attrs.number("p"), g[0][o]);
        for (std::size_t j = 0; j < z.size(); ++j) {
          da[a[j]] += dz[j];
          db[b[j]] += -dz[j];
        }
      });
      da.store();
      db.store();
    }
  };

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    kernels<norm::scaled>::forward(c, y);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    kernels<norm::scaled>::vjp(c, g, d);
  }

  // Slopes at a kink lie in [-1, 1] element by element, whatever p is. Where p > 1 that is more than the ball of the
  // dual norm, which elements that take part in several pairs could not be held to.
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const real eps(c.attrs.number("eps"));
    each_pair(c, [&](index_t o, const std::vector<real>& z, const auto& a, const auto& b) {
      const std::vector<real> slopes = norm::pull(z, c.attrs.number("p"), real(1));
      std::vector<bool> zero;
      for (std::size_t j = 0; j < z.size(); ++j)
        zero.push_back(isfinite(z[j]) && s.near(z[j], abs(c.in[0][a[j]]) + abs(c.in[1][b[j]]) + abs(eps)));
      const bool all = std::all_of(zero.begin(), zero.end(), [](bool one) { return one; });
      for (std::size_t j = 0; j < z.size(); ++j) {
        if (!(all || (zero[j] && c.attrs.number("p") == 1))) continue;
        s.interval({0, a[j]}, -1, 1, slopes[j], g[0][o]);
        s.interval({1, b[j]}, -1, 1, -slopes[j], g[0][o]);
      }
    });
  }

  struct unscaled : kernels<norm::unscaled> {
    static constexpr variant_info info{
        .name = "z*|z|^(p-2)*g/y^(p-1)", .loss = "the powers underflow or overflow", .keeps_sign = true};
  };
  using variants = variant_list<unscaled>;
};

}  // namespace backproof::ops
