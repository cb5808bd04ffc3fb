// multi_head_attention: query, key and value projected, attention in every head, and what they give projected again.
//
//   q = query Wq^T + bq, k = key Wk^T + bk, v = value Wv^T + bv;  a = attention of each head;  y = a Wo^T + bo
//   da = g Wo, dWo = g^T a, dbo = sum g;  dq, dk, dv as in Attention
//   dquery = dq Wq, dWq = dq^T query, dbq = sum dq, and likewise for key and value
//
// query [L, N, E], key and value [M, N, E], in_proj_weight [3 E, E] = Wq, Wk, Wv below each other, in_proj_bias [3 E],
// out_proj_weight [E, E], out_proj_bias [E], both biases optional; y [L, N, E]. num_heads divides E, each head has
// E / num_heads elements in a row, and scores are scaled by one over the root of their number. attn_mask is added:
// [L, M], or [N * num_heads, L, M]. key_padding_mask [N, M] is 1 for keys to ignore, never all of them in samples.
// Smooth everywhere. Source: torch.nn.functional.multi_head_attention_forward, without dropout, bias_k and bias_v.
#pragma once

#include <algorithm>

#include "frames/attention.hpp"
#include "frames/fitting_indices.hpp"
#include "frames/indexing.hpp"

namespace backproof::ops {

struct multi_head_attention : backproof::attention::of_heads<multi_head_attention> {
  static constexpr op_info info{
      .name = "multi_head_attention",
      .signature =
          "query, key, value, in_proj_weight, in_proj_bias?, out_proj_weight, out_proj_bias?, attn_mask?, "
          "key_padding_mask?# -> y",
      .formula = "y = attention(query Wq^T + bq, key Wk^T + bk, value Wv^T + bv) Wo^T + bo",
      .vjp = "da = g Wo, dq, dk, dv as in Attention, dquery = dq Wq, dWq = dq^T query, dbq = sum dq, ..",
      .source = "torch.nn.functional.multi_head_attention_forward"};
  static constexpr law laws[] = {law::linear_in(2), law::linear_in(5), law::linear_in(6), law::shift(0, 7)};

  static void draw(sampler& s) {
    const index_t heads = s.attribute("num_heads", std::min(s.choose<index_t>({1, 2}), s.limit()));
    const bool biased = s.choose({true, false}), padded = s.choose({false, true});
    const index_t mask = s.choose<index_t>({0, 1, 2});  // none, for all heads, for each
    const index_t n = s.extent(1, 2), queries = s.extent(1, 3), keys = s.extent(1, 3), e = heads * s.extent(1, 2);
    const domain near{.low = -2, .high = 2};
    const auto optional = [&](bool there, const shape& dims) {
      if (there)
        s.input(dims, near);
      else
        s.absent();
    };
    s.input({queries, n, e}, near);
    s.input({keys, n, e}, near);
    s.input({keys, n, e}, near);
    s.input({3 * e, e}, near);
    optional(biased, {3 * e});
    s.input({e, e}, near);
    optional(biased, {e});
    optional(mask != 0, mask == 1 ? shape{queries, keys} : shape{n * heads, queries, keys});
    if (padded)
      fitting_indices(s, {n, keys}, 0, 1, [&](const std::vector<index_t>& ignored) {
        for (auto row = ignored.begin(); row != ignored.end(); row += keys)
          if (std::count(row, row + keys, 1) == keys) return false;
        return true;
      });
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const auto require = [](bool fits, const char* else_) {
      if (!fits) throw invalid_input(else_);
    };
    require(in[0].size() == 3 && in[1].size() == 3 && in[1] == in[2], "query, key and value need three axes");
    const index_t e = in[0][2], n = in[0][1], heads = a.integer("num_heads"), queries = in[0][0], keys = in[1][0];
    require(in[1] == shape{keys, n, e}, "key and value do not fit query");
    require(heads >= 1 && e % heads == 0, "num_heads does not divide the embedding");
    require(in[3] == shape{3 * e, e} && in[5] == shape{e, e}, "a weight does not fit query");
    require((!given(in, 4) || in[4] == shape{3 * e}) && (!given(in, 6) || in[6] == shape{e}), "a bias does not fit");
    require(!given(in, 7) || in[7] == shape{queries, keys} || in[7] == shape{n * heads, queries, keys},
            "attn_mask does not fit query and key");
    require(!given(in, 8) || in[8] == shape{n, keys}, "key_padding_mask does not fit key");
    return {in[0]};
  }

  // y = x W^T + b over the last axis of x, with rows `first` and on of weight and bias.
  template <scalar S>
  static values<S> project(const call<S>& c, const values<S>& x, std::size_t weight, index_t first) {
    const index_t e = x.extent(-1);
    values<S> y(x.dims());
    for (index_t i = 0; i < y.size(); ++i) {
      sum<S> total;
      for (index_t k = 0; k < e; ++k) total.add_product(c.in[weight][(first + i % e) * e + k], x[i / e * e + k]);
      if (c.has(weight + 1)) total += c.in[weight + 1][first + i % e];
      y[i] = total.value();
    }
    return y;
  }

  // The adjoint of it, for the cotangent dy of y: adds to the sums of x, weight and bias.
  template <scalar S>
  static void pull(const call<S>& c, const values<S>& x, std::size_t weight, index_t first, const values<S>& dy,
                   sums<S>& dx, all_sums<S>& total) {
    const index_t e = x.extent(-1);
    for (index_t i = 0; i < dy.size(); ++i) {
      for (index_t k = 0; k < e; ++k) {
        dx[i / e * e + k].add_product(dy[i], c.in[weight][(first + i % e) * e + k]);
        total[weight][(first + i % e) * e + k].add_product(dy[i], x[i / e * e + k]);
      }
      if (c.has(weight + 1)) total[weight + 1][first + i % e] += dy[i];
    }
  }

  template <class S>
  struct projections {
    values<S> q, k, v;
    explicit projections(const call<S>& c)
        : q(project(c, c.in[0], 3, 0)),
          k(project(c, c.in[1], 3, c.in[0].extent(-1))),
          v(project(c, c.in[2], 3, 2 * c.in[0].extent(-1))) {}
  };

  // Calls visit(at, mask, head) for each head: at(i, e) is where element e of row i stands in q, k, v and a, mask(i, j)
  // where that of attn_mask does.
  template <scalar S, class F>
  static void each_head(const call<S>& c, const projections<S>& p, F visit) {
    const index_t queries = c.in[0].extent(0), keys = c.in[1].extent(0), batch = c.in[0].extent(1);
    const index_t heads = c.attrs.integer("num_heads"), all = c.in[0].extent(2), size = all / heads;
    const S scale = usual_scale<S>(size);
    for (index_t n = 0; n < batch; ++n)
      for (index_t h = 0; h < heads; ++h) {
        const auto at = [=](index_t i, index_t e) { return (i * batch + n) * all + h * size + e; };
        const index_t plane = c.has(7) && c.in[7].rank() == 3 ? n * heads + h : 0;
        const auto mask = [=](index_t i, index_t j) { return (plane * queries + i) * keys + j; };
        visit(at, mask,
              backproof::attention::head{
                  queries, keys, size, size, scale, 0.0, [&, at](index_t i, index_t e) { return p.q[at(i, e)]; },
                  [&, at](index_t j, index_t e) { return p.k[at(j, e)]; },
                  [&, at](index_t j, index_t e) { return p.v[at(j, e)]; },
                  [&, mask](index_t i, index_t j) { return c.has(7) ? c.in[7][mask(i, j)] : S(0); },
                  [&, n](index_t, index_t j) { return !c.has(8) || c.at(8, n * keys + j) == 0; }});
      }
  }

  template <scalar S>
  static values<S> attended(const call<S>& c, const projections<S>& p) {
    values<S> a(c.in[0].dims());
    each_head(c, p, [&](auto at, auto, const auto& head) {
      head.forward([&](index_t i, index_t e, const S& y) { a[at(i, e)] = y; });
    });
    return a;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    y[0] = project(c, attended(c, projections<S>(c)), 5, 0);
  }

  template <scalar S>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, backproof::attention::softmax_vjp how) {
    const projections<S> p(c);
    all_sums<S> total(d);
    values<S> da(c.in[0].dims()), dq(c.in[0].dims()), dk(c.in[1].dims()), dv(c.in[2].dims());
    sums<S> to_a(da), to_q(dq), to_k(dk), to_v(dv);
    pull(c, attended(c, p), 5, 0, g[0], to_a, total);
    to_a.store();
    each_head(c, p, [&](auto at, auto mask, const auto& head) {
      head.back(
          how, [&](index_t i, index_t e) { return da[at(i, e)]; },
          [&](index_t i, index_t e) -> sum<S>& { return to_q[at(i, e)]; },
          [&](index_t j, index_t e) -> sum<S>& { return to_k[at(j, e)]; },
          [&](index_t j, index_t e) -> sum<S>& { return to_v[at(j, e)]; },
          [&](index_t i, index_t j, const S& ds) {
            if (c.has(7)) total[7][mask(i, j)] += ds;
          });
    });
    to_q.store(), to_k.store(), to_v.store();
    const index_t e = c.in[0].extent(-1);
    pull(c, c.in[0], 3, 0, dq, total[0], total);
    pull(c, c.in[1], 3, e, dk, total[1], total);
    pull(c, c.in[2], 3, 2 * e, dv, total[2], total);
    total.store();
  }
};

}  // namespace backproof::ops
