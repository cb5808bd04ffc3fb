// The frame of ops that divide vectors, along attribute axis, by their p-norm, or by `least` if that is larger:
//
//   y = x / n,   n = max(|x|_p, least);   dx = (g - u <g, y>) / n, u the gradient of |x|_p, or g / n below least
//
// The zero vector is mapped to 0. If least is 0, there is no gradient at the zero vector, and the reference returns 0.
//
//   struct normalize : normalization::unit_length<normalize> {
//     static double p(const attributes& a);
//     static double least(const attributes& a);
//   };
#pragma once

#include <limits>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/groups.hpp"
#include "frames/norm.hpp"

namespace backproof::normalization {

// Sets attribute axis; returns a shape with two elements at least along it, for of one its norm leaves the sign.
inline shape draw_vectors(sampler& s) {
  shape x = s.dims(1, 3);
  const index_t rank = static_cast<index_t>(x.size());
  const index_t axis = s.attribute("axis", s.pick(2 * rank) - rank);
  index_t& length = x[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
  if (length == 1) length = 2;
  return x;
}

template <class Op, class Norm>
struct unit_length_kernels {
  template <scalar S, class F>
  static void each_vector(const call<S>& c, F visit) {
    const groups all(c.in[0].dims(), {c.attrs.integer("axis")});
    for (index_t o = 0; o < all.count(); ++o) {
      std::vector<S> x;
      for (const index_t i : all[o]) x.push_back(c.in[0][i]);
      visit(x, all[o]);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_vector(c, [&](const std::vector<S>& x, const std::vector<index_t>& at) {
      const S n = Norm::value(x, Op::p(c.attrs));
      for (std::size_t j = 0; j < x.size(); ++j)
        y[0][at[j]] = n == S(0) ? S(0) : x[j] / math::max(n, S(Op::least(c.attrs)));
    });
  }

  // <g, y>
  template <class S>
  static S along(const std::vector<S>& x, const std::vector<S>& g, const S& n) {
    sum<S> total;
    for (std::size_t j = 0; j < x.size(); ++j) total.add_product(g[j], x[j] / n);
    return total.value();
  }

  template <class S>
  static std::vector<S> pull(const std::vector<S>& x, const std::vector<S>& g, const S& n, double p) {
    const std::vector<S> u = Norm::pull(x, p, S(1));
    const S gy = along(x, g, n);
    std::vector<S> dx;
    for (std::size_t j = 0; j < x.size(); ++j) dx.push_back((g[j] - u[j] * gy) / n);
    return dx;
  }

  template <class S>
  static std::vector<S> gather(const values<S>& from, const std::vector<index_t>& at) {
    std::vector<S> some;
    for (const index_t i : at) some.push_back(from[i]);
    return some;
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const double p = Op::p(c.attrs);
    const S least(Op::least(c.attrs));
    each_vector(c, [&](const std::vector<S>& x, const std::vector<index_t>& at) {
      const S n = Norm::value(x, p);
      std::vector<S> dx = gather(g[0], at);
      if (n == S(0) && least == S(0) && Op::least(c.attrs) == 0)
        dx.assign(x.size(), S(0));
      else if (n <= least)
        for (S& one : dx) one /= least;
      else
        dx = pull(x, dx, n, p);
      for (std::size_t j = 0; j < x.size(); ++j) d[0][at[j]] = dx[j];
    });
  }
};

template <class Op>
struct unit_length : unit_length_kernels<Op, norm::scaled> {
  using kernels = unit_length_kernels<Op, norm::scaled>;

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    groups(in[0], {a.integer("axis")});  // throws if there is no such axis
    if (!(Op::p(a) >= 1)) throw invalid_input("p is less than 1");
    if (!(Op::least(a) >= 0)) throw invalid_input("eps is negative");
    return {in[0]};
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double p = Op::p(c.attrs);
    const real least(Op::least(c.attrs));
    kernels::each_vector(c, [&](const std::vector<real>& x, const std::vector<index_t>& flat) {
      const real n = norm::value(x, p);
      const std::vector<real> h = kernels::gather(g[0], flat);
      std::vector<position> at;
      for (const index_t i : flat) at.push_back({0, i});
      if (n == real(0) && least == real(0)) {
        for (const position& here : at) s.interval(here, -infinity, infinity, 0, real(1));
      } else if (least > real(0) && s.near(n - least, real(static_cast<int>(x.size())) * least)) {
        const std::vector<real> above = kernels::pull(x, h, n, p);
        for (std::size_t j = 0; j < x.size(); ++j) {
          const real below = h[j] / least;
          s.interval(at[j], math::min(above[j], below), math::max(above[j], below), n <= least ? below : above[j],
                     real(1));
        }
      } else if (least < n && isfinite(n)) {
        norm::kinks(x, at, p, -kernels::along(x, h, n) / n, s);
      }
    });
  }
};

template <class Op>
struct by_powers : unit_length_kernels<Op, norm::unscaled> {
  static constexpr variant_info info{.name = "x/(sum |x|^p)^(1/p)", .loss = "the powers underflow or overflow"};
};

}  // namespace backproof::normalization
