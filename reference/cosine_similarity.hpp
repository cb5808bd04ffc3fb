// The cosine of the angle between pairs of vectors, which lie along one axis.
//
//   y  = <a, b> / (A B),   A = max(|a|, eps), B = max(|b|, eps)
//   da = g (b / B - y a / A) / A, or g b / (A B) where |a| < eps;   db likewise
//
// a and b broadcast; da and db are summed over the axes of broadcasting. Where a is parallel to b the two terms of da
// cancel, as they must: the gradient is 0 there. Kinks where a norm equals eps; none at zero vectors, below eps.
// Source: torch.nn.functional.cosine_similarity.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/groups.hpp"
#include "frames/norm.hpp"

namespace backproof::ops {

struct cosine_similarity {
  static constexpr op_info info{.name = "cosine_similarity",
                                .signature = "a, b -> y",
                                .formula = "y = <a, b> / (max(|a|, eps) max(|b|, eps))",
                                .vjp = "da = g (b / |b| - y a / |a|) / |a|, db likewise",
                                .source = "torch.nn.functional.cosine_similarity"};

  static void draw(sampler& s) {
    const double eps = s.attribute("eps", s.choose({0x1p-13, 0.5}));
    const index_t stretched = s.choose<index_t>({0, 1, 2});  // none, b has extent 1 somewhere, a has fewer axes
    shape x = s.dims(1, 3);
    const index_t rank = static_cast<index_t>(x.size());
    const index_t axis = s.attribute("axis", s.pick(2 * rank) - rank);
    const index_t k = axis < 0 ? axis + rank : axis;
    index_t& length = x[static_cast<std::size_t>(k)];
    if (length == 1) length = 2;  // of numbers, the cosine is 1 or -1
    shape a = x, b = x;
    const index_t other = s.random().below(rank);
    if (stretched == 1 && other != k) b[static_cast<std::size_t>(other)] = 1;
    if (stretched == 2) a.erase(a.begin(), a.begin() + k);
    s.input(a, eps < 0.5 ? domain{.kinks = {0}} : domain{.kinks = {0, 0.5}});
    s.input(b, {.kinks = {0}});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("eps") > 0)) throw invalid_input("eps is not positive");
    return {groups(broadcast(in[0], in[1]), {a.integer("axis")}).reduced(false)};
  }

  // One vector: its elements, where they are from, and its length.
  template <class S>
  struct vector {
    std::vector<S> x;
    std::vector<index_t> at;
    S norm, length;  // length = max(norm, eps)
  };

  template <class Norm, class S>
  static vector<S> gather(const values<S>& from, const broadcasting& source, const std::vector<index_t>& members,
                          const S& eps) {
    vector<S> v{.x = {}, .at = {}, .norm = S(0), .length = eps};
    for (const index_t i : members) v.at.push_back(source(i)), v.x.push_back(from[v.at.back()]);
    v.norm = Norm::value(v.x, 2);
    v.length = math::max(v.norm, eps);
    return v;
  }

  // Calls visit(o, a, b) for each pair.
  template <class Norm, scalar S, class F>
  static void each_pair(const call<S>& c, F visit) {
    const shape all = broadcast(c.in[0].dims(), c.in[1].dims());
    const broadcasting from_a(c.in[0].dims(), all), from_b(c.in[1].dims(), all);
    const groups pairs(all, {c.attrs.integer("axis")});
    const S eps(c.attrs.number("eps"));
    for (index_t o = 0; o < pairs.count(); ++o)
      visit(o, gather<Norm>(c.in[0], from_a, pairs[o], eps), gather<Norm>(c.in[1], from_b, pairs[o], eps));
  }

  template <class S>
  static S cosine(const vector<S>& a, const vector<S>& b) {
    sum<S> total;
    for (std::size_t j = 0; j < a.x.size(); ++j) total.add_product(a.x[j] / a.length, b.x[j] / b.length);
    return total.value();
  }

  // da / g
  template <class S>
  static std::vector<S> slopes(const vector<S>& a, const vector<S>& b, bool above) {
    const S y = cosine(a, b);
    std::vector<S> da;
    for (std::size_t j = 0; j < a.x.size(); ++j) {
      const S along = above ? y * (a.x[j] / a.length) : S(0);
      da.push_back((b.x[j] / b.length - along) / a.length);
    }
    return da;
  }

  template <class Norm>
  struct kernels {
    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      each_pair<Norm>(c, [&](index_t o, const vector<S>& a, const vector<S>& b) { y[0][o] = cosine(a, b); });
    }

    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      const S eps(c.attrs.number("eps"));
      sums<S> da(d[0]), db(d[1]);
      each_pair<Norm>(c, [&](index_t o, const vector<S>& a, const vector<S>& b) {
        const std::vector<S> by_a = slopes(a, b, eps < a.norm), by_b = slopes(b, a, eps < b.norm);
        for (std::size_t j = 0; j < a.x.size(); ++j) {
          da[a.at[j]].add_product(g[0][o], by_a[j]);
          db[b.at[j]].add_product(g[0][o], by_b[j]);
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

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const real eps(c.attrs.number("eps"));
    const auto state = [&](std::size_t k, const vector<real>& a, const vector<real>& b, const real& cotangent) {
      if (!s.near(a.norm - eps, real(static_cast<int>(a.x.size())) * eps)) return;
      const std::vector<real> below = slopes(a, b, false), above = slopes(a, b, true);
      for (std::size_t j = 0; j < a.x.size(); ++j)
        s.interval({k, a.at[j]}, math::min(below[j], above[j]), math::max(below[j], above[j]),
                   eps < a.norm ? above[j] : below[j], cotangent);
    };
    each_pair<norm::scaled>(c, [&](index_t o, const vector<real>& a, const vector<real>& b) {
      state(0, a, b, g[0][o]);
      state(1, b, a, g[0][o]);
    });
  }

  struct unscaled : kernels<norm::unscaled> {
    static constexpr variant_info info{.name = "a/sqrt(sum a*a)", .loss = "a*a underflows or overflows"};
  };
  using variants = variant_list<unscaled>;
};

}  // namespace backproof::ops
