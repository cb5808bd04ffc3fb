// index_linear: a fully connected layer on features given by key and value, each scaled by a maximum.
//
//   x_j  = clip(v_j / m_k, -1, 1) + key_bias_k,  k = keys_j; v_j for v_j / m_k if no max_abs m is given
//   y[r] = bias + sum of x_j weight[k] over the j of row r
//   dweight[k] = sum of x_j g[r] over the j with key k,  dkey_bias_k = sum of <g[r], weight[k]> over the same j
//   dv_j = <g[r], weight[k]> / m_k where |v_j| < m_k, else 0;  dbias = sum_r g[r]
//
// values v and keys [J], row r taking the next sizes[r] of them; weight [V, O], bias [O], key_bias and max_abs [V], the
// last two optional. max_abs > 0 is given, and has no gradient. Kinks at |v| = m: any slope from 0 to 1 / m, and the
// reference takes 0. Linear in weight, bias and key_bias. Source: THNN IndexLinear, which returns no dv, and updates
// max_abs within its forward function: there it is state, here an input.
#pragma once

#include <numeric>

#include "frames/fitting_indices.hpp"
#include "frames/indexing.hpp"

namespace backproof::ops {

struct index_linear {
  static constexpr op_info info{.name = "index_linear",
                                .signature = "values, keys#, sizes#, weight, bias, key_bias?, max_abs?~ -> y",
                                .formula = "y[r] = bias + sum (clip(v_j / m_k, -1, 1) + key_bias_k) weight[k]",
                                .vjp =
                                    "dweight[k] += x_j g[r], dkey_bias_k += <g[r],weight[k]>, "
                                    "dv = <g[r],weight[k]> / m_k where |v| < m_k",
                                .source = "THNN IndexLinear"};
  static constexpr law laws[] = {law::linear_in(3), law::linear_in(4), law::linear_in(5)};

  static void draw(sampler& s) {
    const bool scaled = s.choose({true, false});
    const bool key_biased = s.choose({true, false});
    const index_t rows = s.extent(1, 3), length = s.extent(1, 6);
    const shape w = {s.extent(1, 6), s.extent(1, 5)};
    s.input({length}, {.kinks = {1, -1}});
    indexing::draw_repeated(s, {length}, w[0], false);
    fitting_indices(s, {rows}, 0, length, [&](const std::vector<index_t>& sizes) {
      return std::accumulate(sizes.begin(), sizes.end(), index_t{0}) == length;
    });
    s.input(w);
    s.input({w[1]});
    if (key_biased)
      s.input({w[0]});
    else
      s.absent();
    if (scaled)
      s.input({w[0]}, {.low = 0.25, .high = 4, .kinks = {1}});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    if (in[0].size() != 1 || in[1] != in[0] || in[2].size() != 1 || in[3].size() != 2)
      throw invalid_input("values and keys must be lists of one length, sizes a list, weight a matrix");
    const shape per_key = {in[3][0]}, per_output = {in[3][1]};
    if (in[4] != per_output || (given(in, 5) && in[5] != per_key) || (given(in, 6) && in[6] != per_key))
      throw invalid_input("bias, key_bias or max_abs does not fit weight " + to_string(in[3]));
    return {{in[2][0], in[3][1]}};
  }

  // Calls visit(j, r, k) for each value j, its row and its key.
  template <scalar S, class F>
  static void each_value(const call<S>& c, F visit) {
    index_t j = 0;
    for (index_t r = 0; r < c.in[2].size(); ++r)
      for (const index_t end = j + c.at(2, r); j < end; ++j) {
        if (j >= c.in[0].size()) throw invalid_input("sizes add up to more than there are values");
        const index_t k = c.at(1, j);
        if (k < 0 || k >= c.in[3].extent(0)) throw invalid_input("key " + std::to_string(k));
        visit(j, r, k);
      }
    if (j != c.in[0].size()) throw invalid_input("sizes add up to less than there are values");
  }

  template <scalar S>
  static S scaled(const call<S>& c, index_t j, index_t k) {
    const S& v = c.in[0][j];
    sum<S> x;
    if (!c.has(6))
      x += v;
    else
      x += math::max(math::min(v / c.in[6][k], S(1)), S(-1));
    if (c.has(5)) x += c.in[5][k];
    return x.value();
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const index_t outputs = c.in[3].extent(1);
    sums<S> total(y[0]);
    each_value(c, [&](index_t j, index_t r, index_t k) {
      const S x = scaled(c, j, k);
      for (index_t o = 0; o < outputs; ++o) total[r * outputs + o].add_product(x, c.in[3][k * outputs + o]);
    });
    for (index_t i = 0; i < y[0].size(); ++i) total[i] += c.in[4][i % outputs];
    total.store();
  }

  template <scalar S>
  static S into(const call<S>& c, cotangents<S> g, index_t r, index_t k) {  // <g[r], weight[k]>
    const index_t outputs = c.in[3].extent(1);
    sum<S> s;
    for (index_t o = 0; o < outputs; ++o) s.add_product(g[0][r * outputs + o], c.in[3][k * outputs + o]);
    return s.value();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t outputs = c.in[3].extent(1);
    sums<S> dw(d[3]), db(d[4]), dk(d[5]);
    each_value(c, [&](index_t j, index_t r, index_t k) {
      const S dx = into(c, g, r, k), x = scaled(c, j, k);
      if (!c.has(6))
        d[0][j] = dx;
      else if (math::abs(c.in[0][j]) < c.in[6][k])
        d[0][j] = dx / c.in[6][k];
      for (index_t o = 0; o < outputs; ++o) {
        dw[k * outputs + o].add_product(x, g[0][r * outputs + o]);
        if (c.has(5)) dk[k].add_product(g[0][r * outputs + o], c.in[3][k * outputs + o]);
      }
    });
    for (index_t i = 0; i < g[0].size(); ++i) db[i % outputs] += g[0][i];
    dw.store();
    db.store();
    if (c.has(5)) dk.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    if (!c.has(6)) return;
    each_value(c, [&](index_t j, index_t r, index_t k) {
      if (abs(c.in[0][j]) == c.in[6][k]) s.interval({0, j}, 0, 1, 0, into(c, g, r, k) / c.in[6][k]);
    });
  }
};

}  // namespace backproof::ops
