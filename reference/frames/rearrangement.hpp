// The frame of ops that only move data: each element of the output is one of the input's, or 0.
//
//   struct transpose : rearrangement<transpose> {
//     static constexpr op_info info{.signature = "data -> transposed", ...};
//     static void draw(sampler& s);
//     static shape result(const attributes& a, const shape& x);                 // shape of the output
//     static std::vector<index> sources(const attributes& a, const shape& x);   // where its elements come from
//   };
//
// An element whose source is `nowhere` is 0. The gradient of an input element is the sum of the cotangents of all
// places that it is copied to; an element with a single such place gets its cotangent bit for bit.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "backproof/op/op.hpp"

namespace backproof {

constexpr index_t nowhere = -1;

template <class Op>
struct rearrangement {
  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return {Op::result(a, in[0])}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const std::vector<index_t> from = Op::sources(c.attrs, c.in[0].dims());
    for (index_t i = 0; i < y[0].size(); ++i)
      if (const index_t j = from[static_cast<std::size_t>(i)]; j != nowhere) y[0][i] = c.in[0][j];
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const std::vector<index_t> from = Op::sources(c.attrs, c.in[0].dims());
    sums<S> dx(d[0]);
    for (index_t i = 0; i < g[0].size(); ++i)
      if (const index_t j = from[static_cast<std::size_t>(i)]; j != nowhere) dx[j] += g[0][i];
    dx.store();
  }
};

// Attributes may ask for outputs far larger than the inputs. Throws invalid_input for one of more than 2^24
// elements, before its size overflows or memory runs out.
inline shape affordable(const shape& s) {
  constexpr index_t most = 1 << 24;
  index_t size = 1;
  for (const index_t e : s) {
    if (e < 0) throw invalid_input("shape " + to_string(s) + " has a negative extent");
    size = e == 0 ? size : e > most / size ? most + 1 : size * e;
    if (size > most) throw invalid_input("shape " + to_string(s) + " has more than 2^24 elements");
  }
  return s;
}

// Coordinates of flat position i in a tensor of shape s.
inline shape coordinates_of(index_t i, const shape& s) {
  shape at(s.size());
  for (std::size_t k = s.size(); k-- > 0; i /= s[k]) at[k] = i % s[k];
  return at;
}

// The sources of an output from those of its coordinates: source(at) is the coordinates in the input.
template <class F>
std::vector<index_t> sources_by_coordinates(const shape& output, const shape& input, F source) {
  std::vector<index_t> from(static_cast<std::size_t>(size_of(output)));
  const shape steps = strides_of(input);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const shape at = source(coordinates_of(static_cast<index_t>(i), output));
    from[i] = std::inner_product(at.begin(), at.end(), steps.begin(), index_t{0});
  }
  return from;
}

// Parts that lie side by side along one axis of a whole: calls visit(k, i, j) for element i of part k, which is
// element j of the whole.
template <class F>
void each_in_parts(const shape& whole, index_t axis, const std::vector<index_t>& extents, F visit) {
  const slices all(whole, axis);
  index_t begin = 0;
  for (std::size_t k = 0; k < extents.size(); begin += extents[k++])
    for (index_t o = 0; o < all.outer; ++o)
      for (index_t e = 0; e < extents[k]; ++e)
        for (index_t i = 0; i < all.inner; ++i)
          visit(k, (o * extents[k] + e) * all.inner + i, all.start(o, i) + (begin + e) * all.inner);
}

}  // namespace backproof
