// What losses over classes share. The scores are [N, C, d...], with the classes along axis 1; a row is the C scores of
// one n and one position in d. Input 1 holds the label of each row, [N, d...]; rows whose label is the attribute
// ignore_index do not count.
#pragma once

#include <string>

#include "backproof/op/op.hpp"
#include "frames/softmax.hpp"

namespace backproof {
class sampler;
}

namespace backproof::classes {

shape draw_scores(sampler& s);                       // their shape, of rank 2 or 3; and the attribute reduction
void draw_labels(sampler& s, const shape& scores);   // some that count; and the attribute ignore_index
void draw_weights(sampler& s, const shape& scores);  // or none, if they are not given

shape labels_of(const shape& scores);  // their shape, and that of the losses; throws invalid_input
void check_labels(const attributes& a, std::span<const shape> in);  // that input 1 is of that shape; throws likewise
void check_weights(std::span<const shape> in, std::size_t k);       // that input k, if given, is one per class

// Calls visit(r, at) for each row: r its flat position in the labels, and at(j) where the score of class j stands.
template <class F>
void each_row(const shape& scores, F visit) {
  along_axis::each_slice(slices(scores, 1), [&, r = index_t{0}](auto at) mutable { visit(r++, at); });
}

// The label of row r, or -1 if that is ignored.
template <class S>
index_t label(const call<S>& c, index_t r) {
  const index_t t = c.at(1, r);
  if (t == c.attrs.integer("ignore_index")) return -1;
  if (t < 0 || t >= c.in[0].extent(1))
    throw invalid_input("label " + std::to_string(t) + " is no class and not ignored");
  return t;
}

// The weight of class t, from input k; 1 if that is not given.
template <class S>
S weight(const call<S>& c, std::size_t k, index_t t) {
  return c.has(k) ? c.in[k][t] : S(1);
}

// What a mean of the losses divides by: the weights, from input k, of the rows that count, added up.
template <class S>
S divisor(const call<S>& c, std::size_t k) {
  sum<S> weights;
  int rows = 0;
  for (index_t r = 0; r < c.in[1].size(); ++r) {
    const index_t t = label(c, r);
    if (t < 0) continue;
    weights += weight(c, k, t);
    ++rows;
  }
  return c.has(k) ? weights.value() : S(rows);
}

// The logarithm of the softmax of each row.
template <class S>
values<S> log_softmax(const values<S>& x) {
  return along_axis::log_probabilities(x, slices(x.dims(), 1));
}

}  // namespace backproof::classes
