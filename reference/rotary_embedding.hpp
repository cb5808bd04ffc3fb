// RotaryEmbedding: pairs of elements rotated by angles that depend on their position.
//
//   y1 = c x1 - s x2,  y2 = s x1 + c x2,  c and s the cosine and sine for the row's position and the pair
//   dx1 = c g1 + s g2,  dx2 = c g2 - s g1;  dc = sum of g1 x1 + g2 x2,  ds = sum of g2 x1 - g1 x2 over all uses
//
// X [N, H, T, size] or [N, T, H * size] with num_heads H. The first r = rotary_embedding_dim elements of each head are
// rotated (all if r is 0), the others passed on. Pairs are (2 k, 2 k + 1) if interleaved, else (k, k + r/2). Caches of
// cosines and sines are [N, T, r/2], or [positions, r/2] with position_ids [N, T]. Linear in X and in the caches, which
// are taken as they are given: whether c^2 + s^2 = 1 is not asked. ONNX has no gradients of the caches; here they are
// inputs like any others. Source: ONNX RotaryEmbedding-23.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct rotary_embedding {
  static constexpr op_info info{.name = "rotary_embedding",
                                .onnx = "RotaryEmbedding",
                                .opset = 23,
                                .signature = "X, cos_cache, sin_cache, position_ids?# -> Y",
                                .formula = "y1 = c x1 - s x2, y2 = s x1 + c x2",
                                .vjp =
                                    "dx1 = c g1 + s g2, dx2 = c g2 - s g1, dc = sum g1 x1 + g2 x2, "
                                    "ds = sum g2 x1 - g1 x2",
                                .source = "ONNX RotaryEmbedding-23"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    s.attribute("interleaved", s.choose<index_t>({0, 1}));
    const bool heads_inside = s.choose({false, true}), positions = s.choose({true, false});
    const bool partial = s.choose({false, true});
    const index_t n = s.extent(1, 2), heads = s.extent(1, 2), length = s.extent(1, 3), pairs = s.extent(1, 2);
    const index_t size = 2 * pairs + (partial ? s.extent(1, 2) : 0), cached = s.extent(1, 4);
    s.attribute("rotary_embedding_dim", partial ? 2 * pairs : 0);
    s.attribute("num_heads", heads_inside ? heads : 0);
    s.input(heads_inside ? shape{n, length, heads * size} : shape{n, heads, length, size});
    for (int cache = 0; cache < 2; ++cache)
      s.input(positions ? shape{cached, pairs} : shape{n, length, pairs}, {.low = -1, .high = 1});
    if (positions)
      s.indices({n, length}, 0, cached - 1);
    else
      s.absent();
  }

  struct geometry {
    index_t batch, heads, length, size, pairs;
    bool heads_inside, interleaved;

    geometry(const attributes& a, std::span<const shape> in)
        : heads_inside(in[0].size() == 3), interleaved(a.flag("interleaved")) {
      const shape& x = in[0];
      require(x.size() == 4 || (x.size() == 3 && a.integer("num_heads") >= 1 && x[2] % a.integer("num_heads") == 0),
              "X needs four axes, or three and num_heads");
      batch = x[0], heads = heads_inside ? a.integer("num_heads") : x[1], length = x[heads_inside ? 1 : 2];
      size = heads_inside ? x[2] / heads : x[3];
      const index_t rotated = a.integer("rotary_embedding_dim") == 0 ? size : a.integer("rotary_embedding_dim");
      require(rotated >= 0 && rotated <= size && rotated % 2 == 0, "an odd number of elements, or too many, to rotate");
      pairs = rotated / 2;
      const bool positions = given(in, 3);
      require(in[1] == in[2] && in[1].size() == (positions ? 2 : 3) && in[1].back() == pairs,
              "the caches do not fit X");
      require(positions ? in[3] == shape{batch, length} : in[1] == shape{batch, length, pairs},
              "position_ids or the caches do not fit X");
    }
    static void require(bool fits, const char* else_) {
      if (!fits) throw invalid_input(else_);
    }
    index_t x(index_t n, index_t h, index_t t, index_t e) const {
      return heads_inside ? ((n * length + t) * heads + h) * size + e : ((n * heads + h) * length + t) * size + e;
    }
    index_t first(index_t k) const { return interleaved ? 2 * k : k; }
    index_t second(index_t k) const { return interleaved ? 2 * k + 1 : k + pairs; }
  };

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const geometry at(a, in);
    return {in[0]};
  }

  // Calls pair(x1, x2, c) for the flat positions of each pair and of its element of the caches, and rest(x) for each
  // element that is not rotated.
  template <scalar S, class Pair, class Rest>
  static void each(const call<S>& c, Pair pair, Rest rest) {
    std::vector<shape> dims;
    for (const values<S>& x : c.in) dims.push_back(x.present() ? x.dims() : absent_shape);
    const geometry at(c.attrs, dims);
    for (index_t n = 0; n < at.batch; ++n)
      for (index_t h = 0; h < at.heads; ++h)
        for (index_t t = 0; t < at.length; ++t) {
          const index_t row = c.has(3) ? c.at(3, n * at.length + t) : n * at.length + t;
          if (c.has(3) && (row < 0 || row >= dims[1][0]))
            throw invalid_input("position " + std::to_string(row) + " is not in the caches");
          for (index_t k = 0; k < at.pairs; ++k)
            pair(at.x(n, h, t, at.first(k)), at.x(n, h, t, at.second(k)), row * at.pairs + k);
          for (index_t e = 2 * at.pairs; e < at.size; ++e) rest(at.x(n, h, t, e));
        }
  }

  template <scalar S>
  static S combined(const S& a, const S& x, const S& b, const S& y) {  // a x + b y
    sum<S> s;
    s.add_product(a, x);
    s.add_product(b, y);
    return s.value();
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const values<S>&x = c.in[0], &cosine = c.in[1], &sine = c.in[2];
    each(
        c,
        [&](index_t i, index_t j, index_t k) {
          y[0][i] = combined(cosine[k], x[i], -sine[k], x[j]);
          y[0][j] = combined(sine[k], x[i], cosine[k], x[j]);
        },
        [&](index_t i) { y[0][i] = x[i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const values<S>&x = c.in[0], &cosine = c.in[1], &sine = c.in[2];
    sums<S> dcosine(d[1]), dsine(d[2]);
    each(
        c,
        [&](index_t i, index_t j, index_t k) {
          d[0][i] = combined(cosine[k], g[0][i], sine[k], g[0][j]);
          d[0][j] = combined(cosine[k], g[0][j], -sine[k], g[0][i]);
          dcosine[k].add_product(g[0][i], x[i]);
          dcosine[k].add_product(g[0][j], x[j]);
          dsine[k].add_product(g[0][j], x[i]);
          dsine[k].add_product(-g[0][i], x[j]);
        },
        [&](index_t i) { d[0][i] = g[0][i]; });
    dcosine.store();
    dsine.store();
  }
};

}  // namespace backproof::ops
