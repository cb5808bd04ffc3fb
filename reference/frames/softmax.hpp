// What softmax shares with its relatives: the probabilities of the slices along an axis, and its VJP.
#pragma once

#include "backproof/op/op.hpp"
#include "frames/along_axis.hpp"

namespace backproof::along_axis {

// exp(x_i - m) / sum_j exp(x_j - m), m = max_j x_j; without the shift by m, exp overflows.
template <scalar S>
values<S> probabilities(const values<S>& x, const slices& along) {
  values<S> p(x.dims());
  each_slice(along, [&](auto at) {
    S m = x[at(0)];
    for (index_t j = 1; j < along.length; ++j) m = math::max(m, x[at(j)]);
    sum<S> total;
    for (index_t j = 0; j < along.length; ++j) total += p[at(j)] = math::exp(x[at(j)] - m);
    for (index_t j = 0; j < along.length; ++j) p[at(j)] /= total.value();
  });
  return p;
}

// Their logarithms, x_i - m - log sum_j exp(x_j - m).
template <scalar S>
values<S> log_probabilities(const values<S>& x, const slices& along) {
  values<S> y(x.dims());
  each_slice(along, [&](auto at) {
    S m = x[at(0)];
    for (index_t j = 1; j < along.length; ++j) m = math::max(m, x[at(j)]);
    sum<S> total;
    for (index_t j = 0; j < along.length; ++j) total += math::exp(x[at(j)] - m);
    const S normaliser = math::log(total.value());
    for (index_t j = 0; j < along.length; ++j) y[at(j)] = x[at(j)] - m - normaliser;
  });
  return y;
}

// p_i sum_j p_j (g_i - g_j)
template <scalar S>
values<S> pull_by_differences(const values<S>& p, const values<S>& g, const slices& along) {
  values<S> d(p.dims());
  each_slice(along, [&](auto at) {
    for (index_t i = 0; i < along.length; ++i) {
      sum<S> s;
      for (index_t j = 0; j < along.length; ++j)
        if (j != i) s.add_product(p[at(j)], g[at(i)] - g[at(j)]);
      d[at(i)] = p[at(i)] * s.value();
    }
  });
  return d;
}

// p_i (g_i - <g, p>), which cancels for a nearly constant g, and for p_i near 1.
template <scalar S>
values<S> pull_by_inner_product(const values<S>& p, const values<S>& g, const slices& along) {
  values<S> d(p.dims());
  each_slice(along, [&](auto at) {
    sum<S> s;
    for (index_t j = 0; j < along.length; ++j) s.add_product(g[at(j)], p[at(j)]);
    for (index_t i = 0; i < along.length; ++i) d[at(i)] = p[at(i)] * (g[at(i)] - s.value());
  });
  return d;
}

template <scalar S>
values<S> negated(values<S> x) {
  for (index_t i = 0; i < x.size(); ++i) x[i] = -x[i];
  return x;
}

}  // namespace backproof::along_axis
