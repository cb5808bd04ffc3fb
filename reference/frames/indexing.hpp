// Frames for ops that move elements to where indices say: gathers, and scatters with a reduction.
//
//   struct gather : indexing::selection<gather> {
//     static constexpr op_info info{.signature = "data, indices# -> output", ...};
//     static void draw(sampler& s);
//     static std::vector<shape> infer(const attributes&, std::span<const shape> in);
//     template <scalar S> static std::vector<index> sources(const call<S>& c);  // y[o] = data[sources[o]]
//   };
//
// Indices come from untrusted files, so each of them is checked where it is used.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/product.hpp"

namespace backproof::indexing {

// An index along an axis of that extent, counted from its end if negative.
inline index_t wrapped(index_t i, index_t extent) {
  if (i < -extent || i >= extent)
    throw invalid_input("index " + std::to_string(i) + " into an axis of extent " + std::to_string(extent));
  return i < 0 ? i + extent : i;
}

inline std::size_t axis_of(const attributes& a, const shape& x) {
  const auto rank = static_cast<index_t>(x.size());
  return static_cast<std::size_t>(wrapped(a.integer("axis"), rank));
}

// Indices into an axis, of either sign or none negative; half of the time so few of them that most come twice.
inline void draw_repeated(sampler& s, const shape& dims, index_t extent, bool negative) {
  const index_t few = s.random().chance(0.5) ? std::min<index_t>(2, extent) : extent;
  s.indices(dims, negative ? -few : 0, few - 1);
}

inline bool all_different(const std::vector<index_t>& list) {
  return std::set<index_t>(list.begin(), list.end()).size() == list.size();
}

// A tensor of a few elements with extents of at least 1, whatever the profile: there is no index into an empty axis.
inline shape draw_data(sampler& s, index_t least_rank, index_t most_rank, index_t most_extent = 5) {
  shape x;
  for (index_t rank = s.random().between(least_rank, most_rank); rank > 0; --rank)
    x.push_back(s.extent(1, most_extent));
  return x;
}

// An input of indices.
template <scalar S>
std::vector<index_t> list(const call<S>& c, std::size_t input) {
  std::vector<index_t> k;
  for (index_t i = 0; i < c.in[input].size(); ++i) k.push_back(c.at(input, i));
  return k;
}

// Indices laid out like the elements they choose: no larger than data, but along the axis.
inline void check_elements(const attributes& a, const shape& data, const shape& indices) {
  const std::size_t axis = axis_of(a, data);
  bool fit = indices.size() == data.size();
  for (std::size_t k = 0; fit && k < data.size(); ++k) fit = k == axis || indices[k] <= data[k];
  if (!fit) throw invalid_input("indices " + to_string(indices) + " do not fit data " + to_string(data));
}

// The elements of data of which the indices k, laid out as `dims`, replace one coordinate: GatherElements,
// ScatterElements.
inline std::vector<index_t> elements(std::size_t axis, const shape& data, const shape& dims,
                                     const std::vector<index_t>& k) {
  const shape data_steps = strides_of(data), steps = strides_of(dims);
  std::vector<index_t> at(k.size());
  for (std::size_t o = 0; o < k.size(); ++o)
    for (std::size_t a = 0; a < data.size(); ++a)
      at[o] += (a == axis ? wrapped(k[o], data[a]) : static_cast<index_t>(o) / steps[a] % dims[a]) * data_steps[a];
  return at;
}

// Where indices [b, q, t] point to slices of data: each t coordinates are those behind the b batch axes, and what axes
// remain form the slice. The shape of what they point to; throws invalid_input if data has fewer axes.
inline shape pointed_to(const shape& data, const shape& indices, index_t batch_dims) {
  const auto b = static_cast<std::size_t>(batch_dims);
  if (batch_dims < 0 || b >= indices.size() || b > data.size() || indices.back() < 1 ||
      indices.back() > static_cast<index_t>(data.size() - b) ||
      !std::equal(data.begin(), data.begin() + batch_dims, indices.begin()))
    throw invalid_input("indices " + to_string(indices) + " do not fit data " + to_string(data));
  shape y(indices.begin(), indices.end() - 1);
  y.insert(y.end(), data.begin() + batch_dims + indices.back(), data.end());
  return y;
}

// The elements of data in these slices, slice by slice: GatherND, ScatterND.
inline std::vector<index_t> tuples(index_t batch_dims, const shape& data, const shape& dims,
                                   const std::vector<index_t>& k) {
  const shape steps = strides_of(data);
  const index_t length = dims.back(), count = static_cast<index_t>(k.size()) / length;
  index_t batches = 1, slice = 1;
  for (index_t a = 0; a < batch_dims; ++a) batches *= data[static_cast<std::size_t>(a)];
  for (auto a = static_cast<std::size_t>(batch_dims + length); a < data.size(); ++a) slice *= data[a];
  std::vector<index_t> at;
  for (index_t q = 0; q < count; ++q) {
    index_t start = q / (count / batches) * (size_of(data) / batches);
    for (index_t a = 0; a < length; ++a) {
      const auto axis = static_cast<std::size_t>(batch_dims + a);
      start += wrapped(k[static_cast<std::size_t>(q * length + a)], data[axis]) * steps[axis];
    }
    for (index_t i = 0; i < slice; ++i) at.push_back(start + i);
  }
  return at;
}

// y[o] = data[sources[o]]; data is input 0. Elements are moved, so they come out bit for bit.
template <class Op>
struct selection {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const std::vector<index_t> from = Op::sources(c);
    for (index_t o = 0; o < y[0].size(); ++o) y[0][o] = c.in[0][from[static_cast<std::size_t>(o)]];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const std::vector<index_t> from = Op::sources(c);
    sums<S> dx(d[0]);
    for (index_t o = 0; o < g[0].size(); ++o) dx[from[static_cast<std::size_t>(o)]] += g[0][o];
    dx.store();
  }
};

// y = data, in which element targets[j] is overwritten by, or reduced with, element j of updates. Inputs are data,
// indices and updates; attribute reduction is none, add, mul, max or min.
template <class Op>
struct scatter {
  static std::string draw_reduction(sampler& s) {
    return s.attribute("reduction", s.choose<std::string>({"none", "add", "mul", "max", "min"}));
  }
  static bool may_repeat(const attributes& a) { return a.text("reduction") != "none"; }

  static void check_reduction(const attributes& a) {
    const std::string& r = a.text("reduction");
    if (r != "none" && r != "add" && r != "mul" && r != "max" && r != "min")
      throw invalid_input("reduction is '" + r + "', not none, add, mul, max or min");
  }

  // The updates of each element of data.
  template <scalar S>
  static std::vector<std::vector<index_t>> writers(const call<S>& c) {
    std::vector<std::vector<index_t>> of(static_cast<std::size_t>(c.in[0].size()));
    index_t j = 0;
    for (const index_t target : Op::targets(c)) of.at(static_cast<std::size_t>(target)).push_back(j++);
    if (!may_repeat(c.attrs))
      for (const std::vector<index_t>& updates : of)
        if (updates.size() > 1) throw invalid_input("two updates overwrite one element: which one stays?");
    return of;
  }

  // The largest, or smallest, of an element and its updates. A NaN wins.
  template <scalar S>
  static S extreme(const call<S>& c, index_t i, const std::vector<index_t>& updates) {
    const bool largest = c.attrs.text("reduction") == "max";
    S best = c.in[0][i];
    for (const index_t j : updates) {
      const S& u = c.in[2][j];
      if ((largest ? best < u : u < best) || !(u == u)) best = u;
    }
    return best;
  }

  template <scalar S>
  static S reduced(const call<S>& c, index_t i, const std::vector<index_t>& updates) {
    const std::string& reduction = c.attrs.text("reduction");
    const S& x = c.in[0][i];
    if (updates.empty()) return x;
    if (reduction == "none") return c.in[2][updates.front()];
    if (reduction == "add") {
      sum<S> total;
      total += x;
      for (const index_t j : updates) total += c.in[2][j];
      return total.value();
    }
    return reduction == "mul" ? product(c, {x}, updates) : extreme(c, i, updates);
  }

  // The first factors times the updates, or all of them but one: dividing that one out would not do where it is 0.
  template <scalar S>
  static S product(const call<S>& c, std::initializer_list<S> first, const std::vector<index_t>& updates,
                   index_t but = -1) {
    std::vector<S> factors(first);
    for (const index_t j : updates)
      if (j != but) factors.push_back(c.in[2][j]);
    return backproof::product(std::move(factors));
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const auto of = writers(c);
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = reduced(c, i, of[static_cast<std::size_t>(i)]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const std::string& reduction = c.attrs.text("reduction");
    const auto of = writers(c);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const std::vector<index_t>& updates = of[static_cast<std::size_t>(i)];
      if (reduction == "max" || reduction == "min") {
        share(c, i, updates, g[0][i], d);
        continue;
      }
      if (reduction != "none" || updates.empty())
        d[0][i] = reduction == "mul" ? product(c, {g[0][i]}, updates) : g[0][i];
      for (const index_t j : updates)
        d[2][j] = reduction == "mul" ? product(c, {g[0][i], c.in[0][i]}, updates, j) : g[0][i];
    }
  }

  template <scalar S>
  static void share(const call<S>& c, index_t i, const std::vector<index_t>& updates, const S& g, results<S> d) {
    const S y = extreme(c, i, updates);
    int ties = c.in[0][i] == y;
    for (const index_t j : updates) ties += c.in[2][j] == y;
    if (c.in[0][i] == y) d[0][i] = g / S(ties);
    for (const index_t j : updates)
      if (c.in[2][j] == y) d[2][j] = g / S(ties);
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const std::string& reduction = c.attrs.text("reduction");
    if (reduction != "max" && reduction != "min") return;
    const auto of = writers(c);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const std::vector<index_t>& updates = of[static_cast<std::size_t>(i)];
      const real y = extreme(c, i, updates);
      std::vector<position> tied;
      if (c.in[0][i] == y) tied.push_back({0, i});
      for (const index_t j : updates)
        if (c.in[2][j] == y) tied.push_back({2, j});
      if (tied.size() > 1) s.simplex(tied, g[0][i]);
    }
  }

  struct divided_out {
    static constexpr variant_info info{
        .name = "g*y/u", .loss = "rounds where nothing is to be computed; the product may over- or underflow"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      scatter::vjp(c, g, d);
      if (c.attrs.text("reduction") != "mul") return;
      const auto of = writers(c);
      for (index_t i = 0; i < g[0].size(); ++i) {
        const std::vector<index_t>& updates = of[static_cast<std::size_t>(i)];
        const S y = reduced(c, i, updates);
        if (!(c.in[0][i] == S(0))) d[0][i] = g[0][i] * y / c.in[0][i];
        for (const index_t j : updates)
          if (!(c.in[2][j] == S(0))) d[2][j] = g[0][i] * y / c.in[2][j];
      }
    }
  };
};

}  // namespace backproof::indexing
