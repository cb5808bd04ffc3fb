// Attention: scaled dot products of queries and keys, softmax over the keys, and the mean of the values so weighted.
//
//   S = c tanh(scale Q K^T / c) + mask,  P = softmax(S),  Y = P V;  without the tanh if softcap c is 0
//   dV = P^T g,  dP = g V^T,  dS_j = P_j sum_k P_k (dP_j - dP_k),  dmask = dS summed over its broadcast axes
//   dS0 = dS sech^2(S0 / c),  dQ = scale dS0 K,  dK = scale dS0^T Q
//
// Q [N, Hq, L, d], K [N, Hk, M, d], V [N, Hk, M, e], Y [N, Hq, L, e]; or all with three axes [N, length, heads * d].
// Past keys and values [N, Hk, P, ..] come before the present ones. Hq is a multiple of Hk: each head of K and V serves
// Hq / Hk heads of Q, and its gradient is the sum over them. attn_mask is added, and broadcasts to [N, Hq, L, P + M];
// ONNX's boolean one is an input of its own here, bool_mask, 1 for keys to attend to. With is_causal query i attends to
// keys up to P + i. scale is 1 / sqrt(d) unless it is given. A query that may attend to nothing gives 0. Smooth
// everywhere. Source: ONNX Attention-23, output Y alone.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/attention.hpp"

namespace backproof::ops {

struct attention : backproof::attention::of_heads<attention> {
  static constexpr op_info info{
      .name = "attention",
      .onnx = "Attention",
      .opset = 23,
      .signature = "Q, K, V, attn_mask?, past_key?, past_value?, bool_mask?# -> Y",
      .formula = "Y = softmax(c tanh(scale Q K^T / c) + mask) V",
      .vjp = "dV = P^T g, dS_j = P_j sum_k P_k (dP_j - dP_k), dQ = scale dS0 K, dK = scale dS0^T Q",
      .source = "ONNX Attention-23"};
  static constexpr law laws[] = {law::linear_in(2), law::linear_in(5), law::shift(0, 3)};

  static void draw(sampler& s) {
    const index_t masks = s.choose<index_t>({0, 1, 2, 1, 2});  // none, added, boolean
    const bool past = s.choose({false, true}), heads_inside = s.choose({false, true});
    s.attribute("is_causal", s.choose<index_t>({0, 1, 0}));
    s.attribute("softcap", s.choose({0.0, 2.0, 0.0}));
    if (s.choose({false, true})) s.attribute("scale", 0.75);
    const index_t kv_heads = s.attribute("kv_num_heads", s.extent(1, 2));
    const index_t q_heads = s.attribute("q_num_heads", kv_heads * std::min(s.choose<index_t>({1, 2}), s.limit()));
    const index_t n = s.extent(1, 2), queries = s.extent(1, 3), keys = s.extent(1, 3), d = s.extent(1, 3);
    const index_t e = s.extent(1, 2), before = past ? s.extent(1, 2) : 0;
    const auto input = [&](index_t heads, index_t length, index_t size) {
      s.input(heads_inside ? shape{n, length, heads * size} : shape{n, heads, length, size}, {.low = -4, .high = 4});
    };
    input(q_heads, queries, d);
    input(kv_heads, keys, d);
    input(kv_heads, keys, e);
    shape mask = {n, q_heads, queries, before + keys};
    for (std::size_t k = 0; k < 2; ++k)
      if (s.random().chance(0.5)) mask[k] = 1;
    mask.erase(mask.begin(), mask.begin() + s.random().between(0, 2));
    if (masks == 1)
      s.input(mask, {.low = -4, .high = 4});
    else
      s.absent();
    if (past) {
      s.input({n, kv_heads, before, d}, {.low = -4, .high = 4});
      s.input({n, kv_heads, before, e});
    } else {
      s.absent();
      s.absent();
    }
    if (masks == 2)
      s.indices(mask, 0, 1);
    else
      s.absent();
  }

  // The extents of everything, and where elements stand.
  struct geometry {
    index_t batch, heads, kv_heads, queries, past, present, size, value_size;
    bool heads_inside;

    geometry(const attributes& a, std::span<const shape> in)
        : heads(a.integer("q_num_heads")), kv_heads(a.integer("kv_num_heads")), heads_inside(in[0].size() == 3) {
      require(heads >= 1 && kv_heads >= 1 && heads % kv_heads == 0, "q_num_heads is no multiple of kv_num_heads");
      const shape q = apart(in[0], heads), k = apart(in[1], kv_heads), v = apart(in[2], kv_heads);
      require(given(in, 4) == given(in, 5), "past_key and past_value come together");
      batch = q[0], queries = q[2], size = q[3], present = k[2], value_size = v[3];
      past = given(in, 4) && in[4].size() == 4 ? in[4][2] : 0;
      require(k == shape{batch, kv_heads, present, size} && v == shape{batch, kv_heads, present, value_size} &&
                  q == shape{batch, heads, queries, size},
              "Q, K and V do not fit each other");
      require(!given(in, 4) ||
                  (in[4] == shape{batch, kv_heads, past, size} && in[5] == shape{batch, kv_heads, past, value_size}),
              "past_key or past_value does not fit K and V");
      for (const std::size_t mask : {std::size_t{3}, std::size_t{6}})
        require(!given(in, mask) || broadcast(in[mask], all()) == all(), "a mask does not fit Q and K");
    }

    static void require(bool fits, const char* else_) {
      if (!fits) throw invalid_input(else_);
    }
    shape all() const { return {batch, heads, queries, past + present}; }
    shape apart(const shape& x, index_t count) const {
      if (x.size() == 4 && !heads_inside) return x;
      require(x.size() == 3 && heads_inside && x[2] % count == 0, "Q, K and V need four axes, or three with all heads");
      return {x[0], count, x[1], x[2] / count};
    }
    // Of Q, K, V or Y: element e of row i of a head.
    index_t at(index_t n, index_t h, index_t i, index_t e, index_t head_count, index_t rows, index_t columns) const {
      return heads_inside ? ((n * rows + i) * head_count + h) * columns + e
                          : ((n * head_count + h) * rows + i) * columns + e;
    }
    index_t mask(index_t n, index_t h, index_t i, index_t j) const {
      return ((n * heads + h) * queries + i) * (past + present) + j;
    }
    index_t key_head(index_t h) const { return h / (heads / kv_heads); }
    // Element e of key or value j, which stands in the tensor of past ones (true) or of present ones.
    std::pair<bool, index_t> kv(index_t n, index_t h, index_t j, index_t e, index_t columns) const {
      const index_t head = key_head(h);
      if (j < past) return {true, ((n * kv_heads + head) * past + j) * columns + e};
      return {false, at(n, head, j - past, e, kv_heads, present, columns)};
    }
  };

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const geometry at(a, in);
    a.integer("is_causal"), a.number("softcap");  // throw if they are missing
    if (at.heads_inside) return {{at.batch, at.queries, at.heads * at.value_size}};
    return {{at.batch, at.heads, at.queries, at.value_size}};
  }

  // Calls visit(n, h, head) for each head of the queries.
  template <scalar S, class F>
  static void each_head(const call<S>& c, F visit) {
    std::vector<shape> dims;
    for (const values<S>& x : c.in) dims.push_back(x.present() ? x.dims() : absent_shape);
    const geometry at(c.attrs, dims);
    const std::size_t mask = c.has(3) ? 3 : 6;
    const broadcasting from(c.has(mask) ? c.in[mask].dims() : shape{}, at.all());
    const S scale = c.attrs.has("scale") ? S(c.attrs.number("scale")) : usual_scale<S>(at.size);
    const bool causal = c.attrs.flag("is_causal");
    for (index_t n = 0; n < at.batch; ++n)
      for (index_t h = 0; h < at.heads; ++h)
        visit(at, n, h, from,
              backproof::attention::head{
                  at.queries, at.past + at.present, at.size, at.value_size, scale, c.attrs.number("softcap"),
                  [&, n, h](index_t i, index_t e) { return c.in[0][at.at(n, h, i, e, at.heads, at.queries, at.size)]; },
                  [&, n, h](index_t j, index_t e) {
                    const auto [old, place] = at.kv(n, h, j, e, at.size);
                    return c.in[old ? 4 : 1][place];
                  },
                  [&, n, h](index_t j, index_t e) {
                    const auto [old, place] = at.kv(n, h, j, e, at.value_size);
                    return c.in[old ? 5 : 2][place];
                  },
                  [&, n, h](index_t i, index_t j) { return c.has(3) ? c.in[3][from(at.mask(n, h, i, j))] : S(0); },
                  [&, n, h](index_t i, index_t j) {
                    return (!causal || j <= at.past + i) && (!c.has(6) || c.at(6, from(at.mask(n, h, i, j))) != 0);
                  }});
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_head(c, [&](const geometry& at, index_t n, index_t h, const broadcasting&, const auto& head) {
      head.forward([&](index_t i, index_t e, const S& value) {
        y[0][at.at(n, h, i, e, at.heads, at.queries, at.value_size)] = value;
      });
    });
  }

  template <scalar S>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, backproof::attention::softmax_vjp how) {
    all_sums<S> total(d);
    each_head(c, [&](const geometry& at, index_t n, index_t h, const broadcasting& from, const auto& head) {
      head.back(
          how, [&](index_t i, index_t e) { return g[0][at.at(n, h, i, e, at.heads, at.queries, at.value_size)]; },
          [&](index_t i, index_t e) -> sum<S>& { return total[0][at.at(n, h, i, e, at.heads, at.queries, at.size)]; },
          [&](index_t j, index_t e) -> sum<S>& {
            const auto [old, place] = at.kv(n, h, j, e, at.size);
            return total[old ? 4 : 1][place];
          },
          [&](index_t j, index_t e) -> sum<S>& {
            const auto [old, place] = at.kv(n, h, j, e, at.value_size);
            return total[old ? 5 : 2][place];
          },
          [&](index_t i, index_t j, const S& ds) {
            if (c.has(3)) total[3][from(at.mask(n, h, i, j))] += ds;
          });
    });
    total.store();
  }
};

}  // namespace backproof::ops
