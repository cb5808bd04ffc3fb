// embedding: rows of a table, chosen by indices.
//
//   y[k]  = weight[indices[k]]
//   dw[v] = sum of g[k] over the k with indices[k] = v
//   scale_grad_by_freq: divided by how many such k there are; row padding_idx: 0
//
// weight [V, D], indices of any rank, in 0 .. V-1, y [shape of indices, D]; padding_idx, if it is given, may count from
// the end. Linear, smooth everywhere. Both attributes change the gradient and leave y as it is, so what they ask for is
// a convention and no derivative. Added up in half precision, frequent rows lose their digits.
// Source: torch.nn.functional.embedding; its max_norm, which writes into weight, is left out.
#pragma once

#include "frames/indexing.hpp"

namespace backproof::ops {

struct embedding {
  static constexpr op_info info{.name = "embedding",
                                .signature = "weight, indices# -> y",
                                .formula = "y[k] = weight[indices[k]]",
                                .vjp = "dw[v] = sum of g[k] over indices[k] = v; / their number, 0 if padding",
                                .source = "torch.nn.functional.embedding"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    s.attribute("scale_grad_by_freq", s.choose<index_t>({0, 1, 0, 0}));
    const index_t padding = s.choose<index_t>({0, 1, 0, 2, 0});  // none, from the start, from the end
    const shape w = {s.extent(1, 9), s.extent(1, 9)};
    if (padding != 0) s.attribute("padding_idx", s.random().below(w[0]) - (padding == 2 ? w[0] : 0));
    s.input(w);
    indexing::draw_repeated(s, indexing::draw_data(s, 0, 2, 5), w[0], false);
  }

  static bool gradient_is_convention(const attributes& a) {
    return a.flag("scale_grad_by_freq") || a.has("padding_idx");
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (in[0].size() != 2) throw invalid_input("weight " + to_string(in[0]) + " is no table");
    a.integer("scale_grad_by_freq");  // throws if it is missing
    if (a.has("padding_idx")) indexing::wrapped(a.integer("padding_idx"), in[0][0]);
    shape y = in[1];
    y.push_back(in[0][1]);
    return {y};
  }

  // Calls visit(y, w, v) for each element of y and the element of weight that it is, by flat positions; v is the row.
  template <scalar S, class F>
  static void each_element(const call<S>& c, F visit) {
    const index_t rows = c.in[0].extent(0), columns = c.in[0].extent(1);
    for (index_t k = 0; k < c.in[1].size(); ++k) {
      const index_t v = c.at(1, k);
      if (v < 0 || v >= rows) throw invalid_input("row " + std::to_string(v) + " of " + std::to_string(rows));
      for (index_t i = 0; i < columns; ++i) visit(k * columns + i, v * columns + i, v);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_element(c, [&](index_t o, index_t i, index_t) { y[0][o] = c.in[0][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t columns = c.in[0].extent(1), rows = c.in[0].extent(0);
    const index_t padding =
        c.attrs.has("padding_idx") ? indexing::wrapped(c.attrs.integer("padding_idx"), rows) : index_t{-1};
    std::vector<int> uses(static_cast<std::size_t>(rows));
    sums<S> dw(d[0]);
    each_element(c, [&](index_t o, index_t i, index_t v) {
      if (v == padding) return;
      dw[i] += g[0][o];
      uses[static_cast<std::size_t>(v)] += i % columns == 0;
    });
    dw.store();
    if (!c.attrs.flag("scale_grad_by_freq")) return;
    for (index_t i = 0; i < d[0].size(); ++i)
      if (const int n = uses[static_cast<std::size_t>(i / columns)]; n > 1) d[0][i] /= S(n);
  }
};

}  // namespace backproof::ops
