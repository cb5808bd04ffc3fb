// embedding_bag: sums, means or maxima of rows of a table, one for each bag of indices.
//
//   sum   y[b] = sum_j s_j W[k_j]           dW[v] = sum of s_j g[b] over the j with k_j = v, ds_j = <g[b], W[k_j]>
//   mean  y[b] = sum_j W[k_j] / n_b         dW[v] = sum of g[b] / n_b over the j with k_j = v
//   max   y[b, i] = max_j W[k_j, i]         dW[v, i] = sum of g[b, i] / |T| over the b with v in T, the rows that tie
//
// j runs over the bag b: positions offsets[b] .. offsets[b+1]-1 of indices, up to their end for the last bag, or with
// include_last_offset up to the last offset, which then begins no bag. weight [V, D], indices [J], offsets [B or B+1],
// per_sample_weights s [J] (for sum alone; 1 if not given), y [B, D]. Indices equal to padding_idx are in no bag, and
// do not count in n_b; it is no convention here, but part of y. An empty bag gives 0. Kinks where the maximum is tied
// between rows: any weights >= 0 that add up to 1, and the reference takes the even ones.
// Source: torch.nn.functional.embedding_bag, without max_norm and scale_grad_by_freq.
#pragma once

#include "frames/fitting_indices.hpp"
#include "frames/indexing.hpp"

namespace backproof::ops {

struct embedding_bag {
  static constexpr op_info info{.name = "embedding_bag",
                                .signature = "weight, indices#, offsets#, per_sample_weights? -> y",
                                .formula = "y[b] = sum, mean or max over the bag of s_j weight[k_j]",
                                .vjp =
                                    "dW[v] = sum of s_j g[b] (/ n_b for mean), ds_j = <g[b], W[k_j]>; max: g to "
                                    "the largest",
                                .source = "torch.nn.functional.embedding_bag"};

  static constexpr law laws[] = {law::homogeneous(1, 0)};

  static void draw(sampler& s) {
    const auto mode = s.attribute("mode", s.choose<std::string>({"sum", "mean", "max"}));
    const bool last = s.attribute("include_last_offset", s.choose<index_t>({0, 1})) != 0;
    const bool padded = s.choose({false, true, false});
    const bool weighted = s.choose({false, true}) && mode == "sum";
    const shape w = {s.extent(1, 6), s.extent(1, 5)};
    if (padded && w[0] > 1) s.attribute("padding_idx", s.random().between(-w[0], w[0] - 1));
    const index_t length = s.extent(1, 6), bags = s.extent(1, 3);
    s.input(w, {.distinct = mode == "max"});
    indexing::draw_repeated(s, {length}, w[0], false);
    fitting_indices(s, {bags + last}, 0, length, [&](const std::vector<index_t>& offsets) {
      return offsets.front() == 0 && std::is_sorted(offsets.begin(), offsets.end()) &&
             (!last || offsets.back() == length);
    });
    if (weighted)
      s.input({length});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const std::string& mode = a.text("mode");
    if (mode != "sum" && mode != "mean" && mode != "max")
      throw invalid_input("mode is '" + mode + "', not sum, mean or max");
    if (in[0].size() != 2 || in[1].size() != 1 || in[2].size() != 1 || in[2][0] < 1)
      throw invalid_input("weight must be a table, indices and offsets lists");
    if (given(in, 3) && (mode != "sum" || in[3] != in[1]))
      throw invalid_input("per_sample_weights are for sums, one for each index");
    if (a.has("padding_idx")) indexing::wrapped(a.integer("padding_idx"), in[0][0]);
    return {{in[2][0] - (a.flag("include_last_offset") ? 1 : 0), in[0][1]}};
  }

  // Calls visit(b, j) for each bag, j the positions in indices of what it holds.
  template <scalar S, class F>
  static void each_bag(const call<S>& c, F visit) {
    const index_t rows = c.in[0].extent(0), length = c.in[1].size();
    const index_t padding =
        c.attrs.has("padding_idx") ? indexing::wrapped(c.attrs.integer("padding_idx"), rows) : index_t{-1};
    const bool last = c.attrs.flag("include_last_offset");
    const std::vector<index_t> indices = indexing::list(c, 1);
    std::vector<index_t> ends = indexing::list(c, 2);
    if (!last) ends.push_back(length);
    if (ends.front() != 0 || ends.back() > length || !std::is_sorted(ends.begin(), ends.end()))
      throw invalid_input("offsets do not rise from 0 to the number of indices");
    for (const index_t k : indices)
      if (k < 0 || k >= rows) throw invalid_input("row " + std::to_string(k) + " of " + std::to_string(rows));
    for (std::size_t b = 0; b + 1 < ends.size(); ++b) {
      std::vector<index_t> bag;
      for (index_t j = ends[b]; j < ends[b + 1]; ++j)
        if (indices[static_cast<std::size_t>(j)] != padding) bag.push_back(j);
      visit(static_cast<index_t>(b), bag);
    }
  }

  // The elements of column i of weight, each but once, that are the largest of a bag. A NaN wins.
  template <scalar S>
  static std::vector<index_t> largest(const call<S>& c, const std::vector<index_t>& bag, index_t i) {
    const values<S>& w = c.in[0];
    std::set<index_t> tied;
    for (const index_t j : bag) {
      const index_t at = c.at(1, j) * w.extent(1) + i;
      if (tied.empty() || w[*tied.begin()] < w[at] || !(w[at] == w[at])) tied = {at};
      if (w[at] == w[*tied.begin()]) tied.insert(at);
    }
    return {tied.begin(), tied.end()};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const index_t columns = c.in[0].extent(1);
    const std::string& mode = c.attrs.text("mode");
    each_bag(c, [&](index_t b, const std::vector<index_t>& bag) {
      for (index_t i = 0; !bag.empty() && i < columns; ++i) {
        if (mode == "max") {
          y[0][b * columns + i] = c.in[0][largest(c, bag, i).front()];
          continue;
        }
        sum<S> total;
        for (const index_t j : bag) {
          const S& w = c.in[0][c.at(1, j) * columns + i];
          total += c.has(3) ? c.in[3][j] * w : w;
        }
        y[0][b * columns + i] = mode == "mean" ? total.value() / S(static_cast<int>(bag.size())) : total.value();
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t columns = c.in[0].extent(1);
    const std::string& mode = c.attrs.text("mode");
    sums<S> dw(d[0]);
    each_bag(c, [&](index_t b, const std::vector<index_t>& bag) {
      for (index_t i = 0; i < columns; ++i) {
        const S& from = g[0][b * columns + i];
        if (mode == "max") {
          const std::vector<index_t> tied = largest(c, bag, i);
          for (const index_t at : tied) dw[at] += from / S(static_cast<int>(tied.size()));
          continue;
        }
        for (const index_t j : bag) {
          const S share = mode == "mean" ? from / S(static_cast<int>(bag.size())) : from;
          dw[c.at(1, j) * columns + i] += c.has(3) ? c.in[3][j] * share : share;
        }
      }
      for (index_t k = 0; c.has(3) && k < static_cast<index_t>(bag.size()); ++k) {
        const index_t j = bag[static_cast<std::size_t>(k)];
        sum<S> ds;
        for (index_t i = 0; i < columns; ++i) ds.add_product(g[0][b * columns + i], c.in[0][c.at(1, j) * columns + i]);
        d[3][j] = ds.value();
      }
    });
    dw.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    if (c.attrs.text("mode") != "max") return;
    const index_t columns = c.in[0].extent(1);
    each_bag(c, [&](index_t b, const std::vector<index_t>& bag) {
      for (index_t i = 0; i < columns; ++i) {
        std::vector<position> tied;
        for (const index_t at : largest(c, bag, i)) tied.push_back({0, at});
        if (tied.size() > 1) s.simplex(tied, g[0][b * columns + i]);
      }
    });
  }
};

}  // namespace backproof::ops
