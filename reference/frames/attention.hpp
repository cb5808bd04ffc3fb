// Scaled dot-product attention of one head: what Attention and multi_head_attention have in common.
//
//   S0 = scale Q K^T,  S = c tanh(S0 / c) (or S0 if c = 0) + bias,  P = softmax(S) over the keys,  Y = P V
//   dV = P^T g,  dP = g V^T,  dS_j = P_j sum_k P_k (dP_j - dP_k),  dbias = dS
//   dS0 = dS sech^2(S0 / c),  dQ = scale dS0 K,  dK = scale dS0^T Q
//
// Keys that a query must not attend to are left out of P; if it may attend to none, its row of Y is 0. The usual dS = P
// (dP - <dP, P>) cancels where dP is nearly constant or one P is near 1; so does <g, Y> in the place of <dP, P>.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "backproof/op/op.hpp"
#include "frames/activation.hpp"

namespace backproof::attention {

enum class softmax_vjp { differences, inner_product, from_output };

// Elements are read by functions of two coordinates, because they stand in tensors of several layouts, a key in past or
// present ones: q(i, e), k(j, e), v(j, e), bias(i, j), and allowed(i, j) whether query i may attend to key j.
template <class S, class Q, class K, class V, class Bias, class Allowed>
struct head {
  index_t queries, keys, size, value_size;
  S scale;
  double softcap;
  Q q;
  K k;
  V v;
  Bias bias;
  Allowed allowed;

  // What query i makes of the keys. One that is not allowed has probability 0. Implementations mask by adding -inf, so
  // that scores, or values of such keys, which overflow make NaN of everything: then nothing is known.
  struct look {
    std::vector<S> s0, s, p;
    S lost = S(0);
  };

  look at(index_t i) const {
    look l;
    std::optional<S> m;
    for (index_t j = 0; j < keys; ++j) {
      sum<S> product;
      for (index_t e = 0; e < size; ++e) product.add_product(q(i, e), k(j, e));
      l.s0.push_back(scale * product.value());
      const S& s0 = l.s0.back();
      l.s.push_back((softcap == 0 ? s0 : S(softcap) * math::tanh(s0 / S(softcap))) + bias(i, j));
      l.lost = recurrent::unless_lost(l.lost, s0);
      if (allowed(i, j)) m = m ? math::max(l.s.back(), *m) : l.s.back();
    }
    l.p.assign(l.s.size(), l.lost);
    if (!m || *m == S(-std::numeric_limits<double>::infinity())) return l;
    sum<S> total;
    for (index_t j = 0; j < keys; ++j)
      if (allowed(i, j)) total += l.p[u(j)] = math::exp(l.s[u(j)] - *m);
    for (S& p : l.p) p = recurrent::unless_lost(p / total.value(), l.lost);
    return l;
  }

  // put(i, e, y) for each element of Y.
  template <class F>
  void forward(F put) const {
    for (index_t i = 0; i < queries; ++i) {
      const look l = at(i);
      for (index_t e = 0; e < value_size; ++e) put(i, e, output(l, e));
    }
  }

  // Adds to the sums dq(i, e), dk(j, e), dv(j, e) and dbias(i, j, dS), for the cotangent g(i, e).
  template <class G, class DQ, class DK, class DV, class DBias>
  void back(softmax_vjp how, G g, DQ dq, DK dk, DV dv, DBias dbias) const {
    for (index_t i = 0; i < queries; ++i) {
      const look l = at(i);
      const std::vector<S> ds = softmax_back(how, i, l, g);
      for (index_t j = 0; j < keys; ++j) {
        if (!allowed(i, j) && !recurrent::is_lost(ds[u(j)])) continue;
        const S share = scale * (ds[u(j)] * cap_slope(how, l.s0[u(j)]));
        dbias(i, j, ds[u(j)]);
        for (index_t e = 0; e < size; ++e) {
          dq(i, e).add_product(share, k(j, e));
          dk(j, e).add_product(share, q(i, e));
        }
        for (index_t e = 0; e < value_size; ++e)
          dv(j, e).add_product(recurrent::unless_lost(l.p[u(j)], g(i, e)), g(i, e));
      }
    }
  }

 private:
  static std::size_t u(index_t i) { return static_cast<std::size_t>(i); }

  S output(const look& l, index_t e) const {
    sum<S> y;
    S lost = l.lost;
    for (index_t j = 0; j < keys; ++j) {
      if (!(l.p[u(j)] == S(0))) y.add_product(l.p[u(j)], v(j, e));
      lost = recurrent::unless_lost(lost, v(j, e));
    }
    return recurrent::unless_lost(y.value(), lost);
  }

  S cap_slope(softmax_vjp how, const S& s0) const {
    if (softcap == 0) return S(1);
    const recurrent::activation tanh{.what = recurrent::activation::kind::tanh};
    const S x = s0 / S(softcap);
    return how == softmax_vjp::differences ? tanh.slope(x) : tanh.slope_from_output(x);
  }

  template <class G>
  std::vector<S> softmax_back(softmax_vjp how, index_t i, const look& l, G g) const {
    std::vector<S> dp, ds;
    S lost = l.lost;
    for (index_t e = 0; e < value_size; ++e) lost = recurrent::unless_lost(lost, g(i, e));
    for (index_t j = 0; j < keys; ++j) {
      sum<S> product;
      for (index_t e = 0; e < value_size; ++e) product.add_product(g(i, e), v(j, e));
      dp.push_back(product.value());
      lost = recurrent::unless_lost(lost, dp.back());
    }
    sum<S> mean;
    if (how == softmax_vjp::inner_product)
      for (index_t j = 0; j < keys; ++j)
        if (allowed(i, j)) mean.add_product(l.p[u(j)], dp[u(j)]);
    if (how == softmax_vjp::from_output)
      for (index_t e = 0; e < value_size; ++e) mean.add_product(g(i, e), output(l, e));
    for (index_t j = 0; j < keys; ++j) {
      sum<S> differences;
      for (index_t n = 0; how == softmax_vjp::differences && n < keys; ++n)
        if (n != j && allowed(i, n)) differences.add_product(l.p[u(n)], dp[u(j)] - dp[u(n)]);
      const S share = how == softmax_vjp::differences ? differences.value() : dp[u(j)] - mean.value();
      ds.push_back(recurrent::unless_lost(allowed(i, j) ? l.p[u(j)] * share : S(0), lost));
    }
    return ds;
  }
};

template <class S, class Q, class K, class V, class Bias, class Allowed>
head(index_t, index_t, index_t, index_t, S, double, Q, K, V, Bias, Allowed) -> head<S, Q, K, V, Bias, Allowed>;

// Ops that are made of heads derive from this one: gradient(c, g, d, how) is their VJP, and its lossy variants too.
template <class Op>
struct of_heads {
  // What scores are scaled by where nothing else is said.
  template <class S>
  static S usual_scale(index_t size) {
    return S(1) / math::sqrt(S(static_cast<int>(size)));
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    Op::gradient(c, g, d, softmax_vjp::differences);
  }

  struct inner_product {
    static constexpr variant_info info{.name = "P*(dP-<dP,P>)", .loss = "dP-<dP,P> cancels for nearly constant dP"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      Op::gradient(c, g, d, softmax_vjp::inner_product);
    }
  };
  struct from_output {
    static constexpr variant_info info{.name = "P*(dP-<g,Y>)", .loss = "dP-<g,Y> cancels, with Y rounded before"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      Op::gradient(c, g, d, softmax_vjp::from_output);
    }
  };
  using variants = variant_list<inner_product, from_output>;
};

}  // namespace backproof::attention
