// The frame of normalisations to mean 0 and variance 1. (Normalisations to length 1 are in unit_length.hpp.)
//
// A set of n elements, h = g gamma the cotangents of its standardised elements:
//
//   x^   = (x - m) / s,   m = mean x,   s = sqrt(mean (x - m)^2 + epsilon)
//   dx   = N(h) = (h - mean h - x^ mean(h x^)) / s
//   y    = gamma x^ + beta,   dgamma = sum g x^,   dbeta = sum g over the elements that share a gamma, a beta
//
// An op says what its sets are, and how scale and bias broadcast:
//
//   struct instance_normalization : normalization::layer<instance_normalization> {
//     static groups sets(const attributes& a, const shape& x);
//     static shape parameter(const shape& scale, const shape& x);    // the shape that broadcasts to x
//     static double epsilon(const attributes& a);
//   };
//
// Inputs are X, scale and bias, of which the last two may be missing; outputs are Y, or Y, m and 1 / s. The parameter
// Core decides how a set is standardised: in a stable way, or in one of the lossy ways in use.
#pragma once

#include <algorithm>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/groups.hpp"
#include "frames/moments.hpp"
#include "frames/product.hpp"

namespace backproof::normalization {

template <class S>
struct standardized {
  std::vector<S> x, hat;  // as it was, and as it is
  S mean, deviation;
};

struct two_pass {
  template <class S>
  static standardized<S> of(const std::vector<S>& x, const S& epsilon) {
    standardized<S> s{.x = x, .hat = moments::centred(x), .mean = moments::mean(x), .deviation = S(0)};
    s.deviation = math::sqrt(moments::mean_of_products(s.hat, s.hat) + epsilon);
    for (S& one : s.hat) one /= s.deviation;
    return s;
  }

  // x^ gamma, in any order: gamma / s may overflow where that does not.
  template <class S>
  static S scaled(const standardized<S>& s, std::size_t j, const S& gamma) {
    return product<S>({s.x[j] - s.mean, S(1) / s.deviation, gamma});
  }

  // N(h)
  template <class S>
  static std::vector<S> pull(const standardized<S>& s, const std::vector<S>& h) {
    const S level = moments::mean(h), slope = moments::mean_of_products(h, s.hat);
    std::vector<S> dx;
    for (std::size_t i = 0; i < h.size(); ++i) {
      sum<S> total;
      total += h[i];
      total += -level;
      total.add_product(-s.hat[i], slope);
      dx.push_back(total.value() / s.deviation);
    }
    return dx;
  }
};

// Without the mean: x^ = x / sqrt(mean x^2 + epsilon).
struct root_mean_square {
  template <class S>
  static standardized<S> of(const std::vector<S>& x, const S& epsilon) {
    standardized<S> s{.x = x, .hat = x, .mean = S(0), .deviation = S(0)};
    s.deviation = math::sqrt(moments::mean_of_products(x, x) + epsilon);
    for (S& one : s.hat) one /= s.deviation;
    return s;
  }

  template <class S>
  static S scaled(const standardized<S>& s, std::size_t j, const S& gamma) {
    return two_pass::scaled(s, j, gamma);
  }

  template <class S>
  static std::vector<S> pull(const standardized<S>& s, const std::vector<S>& h) {
    const S slope = moments::mean_of_products(h, s.hat);
    std::vector<S> dx;
    for (std::size_t i = 0; i < h.size(); ++i) dx.push_back((h[i] - s.hat[i] * slope) / s.deviation);
    return dx;
  }
};

// E[x^2] - m^2 for the variance.
struct one_pass : two_pass {
  template <class S>
  static standardized<S> of(const std::vector<S>& x, const S& epsilon) {
    standardized<S> s{.x = x, .hat = moments::centred(x), .mean = moments::mean(x), .deviation = S(0)};
    s.deviation = math::sqrt(moments::one_pass_variance(x) + epsilon);
    for (S& one : s.hat) one /= s.deviation;
    return s;
  }
};

// x^ = x r - m r, and dx = r h + b x + c with sums of h x that are not centred, r = 1 / s.
struct folded {
  template <class S>
  static standardized<S> of(const std::vector<S>& x, const S& epsilon) {
    standardized<S> s = two_pass::of(x, epsilon);
    const S r = S(1) / s.deviation, shift = -s.mean * r;
    for (std::size_t i = 0; i < x.size(); ++i) s.hat[i] = x[i] * r + shift;
    return s;
  }

  template <class S>
  static S scaled(const standardized<S>& s, std::size_t j, const S& gamma) {
    const S factor = gamma / s.deviation;
    return s.x[j] * factor + -(s.mean * factor);
  }

  template <class S>
  static std::vector<S> pull(const standardized<S>& s, const std::vector<S>& h) {
    const S r = S(1) / s.deviation, hx = moments::mean_of_products(h, s.x), level = moments::mean(h);
    const S b = (level * s.mean - hx) * r * r * r, c = -b * s.mean - level * r;
    std::vector<S> dx;
    for (std::size_t i = 0; i < h.size(); ++i) dx.push_back(r * h[i] + b * s.x[i] + c);
    return dx;
  }
};

// The shape of a parameter of one number per channel, where channels are axis 1 of x.
inline shape per_channel(const shape& parameter, const shape& x) {
  if (x.size() < 2 || parameter != shape{x[1]})
    throw invalid_input("a parameter " + to_string(parameter) + " does not fit the channels of " + to_string(x));
  shape s(x.size() - 1, 1);
  s[0] = x[1];
  return s;
}

inline double checked_epsilon(const attributes& a) {
  const double epsilon = a.number("epsilon");
  if (!(epsilon >= 0)) throw invalid_input("epsilon is negative");
  return epsilon;
}

// Lossy variants derive from this one.
template <class Op, class Core>
struct layer_kernels {
  // Calls visit(o, at, s) for each set: at its flat positions, s its standardised elements.
  template <scalar S, class F>
  static void each_set(const call<S>& c, F visit) {
    const groups sets = Op::sets(c.attrs, c.in[0].dims());
    for (index_t o = 0; o < sets.count(); ++o) {
      std::vector<S> x;
      for (const index_t i : sets[o]) x.push_back(c.in[0][i]);
      visit(o, sets[o], Core::template of<S>(x, S(Op::epsilon(c.attrs))));
    }
  }

  // Where an element of X has its parameter k.
  template <scalar S>
  static broadcasting source(const call<S>& c, std::size_t k) {
    const shape& x = c.in[0].dims();
    return broadcasting(c.has(k) ? Op::parameter(c.in[k].dims(), x) : shape{}, x);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const broadcasting scale = source(c, 1), bias = source(c, 2);
    each_set(c, [&](index_t o, const std::vector<index_t>& at, const standardized<S>& s) {
      for (std::size_t j = 0; j < at.size(); ++j) {
        S& one = y[0][at[j]];
        one = c.has(1) ? Core::scaled(s, j, c.in[1][scale(at[j])]) : s.hat[j];
        if (c.has(2)) one += c.in[2][bias(at[j])];
      }
      if (y.size() < 3) return;
      y[1][o] = s.mean;
      y[2][o] = S(1) / s.deviation;
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting scale = source(c, 1), bias = source(c, 2);
    all_sums<S> totals(d);
    each_set(c, [&](index_t o, const std::vector<index_t>& at, const standardized<S>& s) {
      std::vector<S> h;
      for (std::size_t j = 0; j < at.size(); ++j) {
        const S& gy = g[0][at[j]];
        h.push_back(c.has(1) ? gy * c.in[1][scale(at[j])] : gy);
        if (c.has(1)) totals[1][scale(at[j])].add_product(gy, s.hat[j]);
        if (c.has(2)) totals[2][bias(at[j])] += gy;
      }
      const std::vector<S> dx = Core::pull(s, h);
      for (std::size_t j = 0; j < at.size(); ++j) {
        sum<S> total;
        total += dx[j];
        if (g.size() > 1) add_statistics(total, s, j, g[1][o], g[2][o]);
        d[0][at[j]] = total.value();
      }
    });
    for (std::size_t k = 1; k < d.size(); ++k) totals[k].store();
  }

  // What reaches element j by m, whose cotangent is k, and by 1 / s, whose cotangent is q.
  template <class S>
  static void add_statistics(sum<S>& total, const standardized<S>& s, std::size_t j, const S& k, const S& q) {
    const S n(static_cast<int>(s.x.size()));
    total += k / n;
    total += -(q * (s.hat[j] / (n * s.deviation * s.deviation)));
  }
};

template <class Op, class Core = two_pass>
struct layer : layer_kernels<Op, Core> {
  static double epsilon(const attributes& a) { return checked_epsilon(a); }

  // Of one set J = diag(gamma) (I - 1 1^T / n - x^ x^^T / n) / s, in brackets a matrix with eigenvalues between 0
  // and 1.
  static double jacobian_norm_bound(const call<real>& c, std::size_t k) {
    double most = 0;
    if (k != 0 || (c.attrs.has("outputs") && c.attrs.integer("outputs") != 1)) return INFINITY;
    const broadcasting scale = layer::source(c, 1);
    layer::each_set(c, [&](index_t, const std::vector<index_t>& at, const standardized<real>& s) {
      for (const index_t i : at) {
        const real gamma = c.has(1) ? c.in[1][scale(i)] : real(1);
        most = std::max(most, magnitude(gamma / s.deviation));
      }
    });
    return most;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    Op::sets(a, in[0]);  // throws if there are no such sets
    Op::epsilon(a);
    for (std::size_t k = 1; k < in.size(); ++k)
      if (given(in, k) && broadcast(Op::parameter(in[k], in[0]), in[0]) != in[0])
        throw invalid_input("a parameter " + to_string(in[k]) + " does not fit " + to_string(in[0]));
    return {in[0]};
  }
};

template <class Op>
struct by_one_pass : layer_kernels<Op, one_pass> {
  static constexpr variant_info info{.name = "E[x^2]-E[x]^2",
                                     .loss = "cancels where the mean is large compared with the deviation"};
};
template <class Op>
struct by_folding : layer_kernels<Op, folded> {
  static constexpr variant_info info{.name = "x*r-m*r",
                                     .loss = "sums are not centred; they cancel where the mean is large"};
};

// A shape [N, C, spatial...] whose channels have three elements at least, so that standardising leaves something.
inline shape draw_channels(sampler& s, index_t spatial_rank, index_t channels) {
  if (spatial_rank == 0) return {s.extent(3, 9), channels};
  shape x = {s.extent(1, 3), channels, s.extent(3, 7)};
  if (spatial_rank > 1) x.push_back(s.extent(1, 3));
  return x;
}

// Small ones and large ones, and some that are far from 0 compared with their deviation.
inline domain draw_domain(sampler& s) { return s.choose({domain{}, domain{.low = 96, .high = 104}, domain{}}); }

// Sets that span the axes from attribute axis on.
inline groups trailing_sets(const attributes& a, const shape& x) {
  const index_t rank = static_cast<index_t>(x.size()), axis = a.integer("axis");
  if (axis < -rank || axis >= rank) throw invalid_input("no axis " + std::to_string(axis));
  std::vector<index_t> axes;
  for (index_t k = axis < 0 ? axis + rank : axis; k < rank; ++k) axes.push_back(k);
  return groups(x, axes);
}

// Sets attribute axis and gives the input of such an op; returns the shape of its sets.
inline shape draw_trailing(sampler& s) {
  shape x = s.dims(1, 4);
  if (x.back() > 0) x.back() = std::max<index_t>(x.back(), 3);
  for (std::size_t k = 0; k + 1 < x.size(); ++k)
    if (size_of(x) > 150) x[k] = (x[k] + 1) / 2;
  const index_t rank = static_cast<index_t>(x.size());
  const index_t axis = s.attribute("axis", s.pick(2 * rank) - rank);
  s.input(x, draw_domain(s));
  return shape(x.begin() + (axis < 0 ? axis + rank : axis), x.end());
}

// A shape that broadcasts to this one.
inline shape draw_parameter(sampler& s, shape to) {
  for (index_t& e : to)
    if (s.random().chance(0.5)) e = 1;
  to.erase(to.begin(), to.begin() + s.random().between(0, static_cast<index_t>(to.size())));
  return to;
}

}  // namespace backproof::normalization
