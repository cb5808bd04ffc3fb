// The frame of losses that compare tensors element by element and then reduce: the op states the loss of one element.
//
//   struct mse_loss : loss::pointwise<mse_loss, 2> {
//     static constexpr op_info info{.signature = "input, target -> loss", ...};
//     static void draw(sampler& s) { loss::draw_reduction(s); ... }
//     template <scalar S> static S value(const std::array<S, 2>& x, const attributes& a);
//     template <scalar S> static std::array<S, 2> pull(const std::array<S, 2>& x, const S& g, const attributes& a);
//     static void kink(const std::array<real, 2>& x, const attributes& a, loss::element& e);    // optional
//   };
//
// The operands broadcast to the shape of the first one. An optional operand that is not given is `Op::absent(k)`, 1
// unless the op says otherwise. Attribute reduction is none, mean (over all elements) or sum; accordingly, the
// cotangent of an element's loss is that element of g, g / N, or g. An op may admit batchmean as well, where N counts
// the rows of axis 0.
#pragma once

#include <array>
#include <limits>
#include <string>

#include "backproof/op/op.hpp"

namespace backproof {
class sampler;
}

namespace backproof::loss {

void draw_reduction(sampler& s);                       // attribute reduction, one of none, mean and sum
void check_reduction(const attributes& a);             // throws invalid_input if it is another
shape reduced(const attributes& a, const shape& all);  // of the loss: all of it, or a scalar
shape rows_of(const shape& scores);                    // without the axis of classes, the last; throws if there is none
index_t averaged(const attributes& a, const shape& all);  // N: how many a mean of these losses divides by

// f s, but 0 where f is 0 and s infinite: no part of a loss is what a weight of zero leaves of an infinite one.
template <class S>
S weighted(const S& f, const S& s) {
  return f == S(0) && math::abs(s) == S(std::numeric_limits<double>::infinity()) ? f : f * s;
}

// Where an element stands, for stating its kinks.
struct element {
  std::array<position, 4> at;  // in the inputs
  const real& g;               // the cotangent of this element's loss
  subdifferential& s;
  // The slope of operand k, of the loss of this element, is anything in [low, high]; the pull gives `chosen`.
  void interval(std::size_t k, const real& low, const real& high, const real& chosen) {
    s.interval(at[k], low, high, chosen, g);
  }
};

// Stores the reduction of the elements' losses in y: y[i], their sum, or their mean, which is the sum over the divisor.
template <class S>
void reduce(const attributes& a, const values<S>& losses, const S& divisor, values<S>& y) {
  if (a.text("reduction") == "none") {
    y = losses;
    return;
  }
  sum<S> total;
  for (index_t i = 0; i < losses.size(); ++i) total += losses[i];
  y[0] = a.text("reduction") == "sum" ? total.value() : total.value() / divisor;
}
template <class S>
void reduce(const attributes& a, const values<S>& losses, values<S>& y) {
  reduce(a, losses, S(static_cast<int>(averaged(a, losses.dims()))), y);
}

// The cotangent of the i-th element, where a mean divides by so much.
template <class S>
S cotangent(const attributes& a, const values<S>& g, index_t i, const S& divisor) {
  if (a.text("reduction") == "none") return g[i];
  return a.text("reduction") == "sum" ? g[0] : g[0] / divisor;
}
template <class S>
S cotangent(const attributes& a, const values<S>& g, index_t i, index_t elements) {
  return cotangent(a, g, i, S(static_cast<int>(elements)));
}

// Calls visit(i, x) for each element, x being what the operands hold there.
template <class Op, std::size_t N, class S, class F>
void each_element(const call<S>& c, F visit) {
  const shape& all = c.in[0].dims();
  std::vector<broadcasting> from;
  for (std::size_t k = 0; k < N; ++k) from.emplace_back(c.has(k) ? c.in[k].dims() : shape{}, all);
  for (index_t i = 0; i < size_of(all); ++i) {
    std::array<S, N> x;
    for (std::size_t k = 0; k < N; ++k) x[k] = c.has(k) ? c.in[k][from[k](i)] : S(Op::absent(k));
    visit(i, x, from);
  }
}

// Lossy variants derive from this one.
template <class Op, std::size_t N>
struct pointwise_vjp {
  static int absent(std::size_t) { return 1; }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    all_sums<S> totals(d);
    const index_t n = averaged(c.attrs, c.in[0].dims());
    each_element<Op, N>(c, [&](index_t i, const std::array<S, N>& x, const auto& from) {
      const std::array<S, N> pulled = Op::pull(x, cotangent(c.attrs, g[0], i, n), c.attrs);
      for (std::size_t k = 0; k < d.size(); ++k)
        if (d[k].present()) totals[k][from[k](i)] += pulled[k];
    });
    totals.store();
  }
};

template <class Op, std::size_t N>
struct pointwise : pointwise_vjp<Op, N> {
  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    for (std::size_t k = 1; k < in.size(); ++k)
      if (given(in, k) && broadcast(in[0], in[k]) != in[0])
        throw invalid_input("an operand " + to_string(in[k]) + " does not fit " + to_string(in[0]));
    return {reduced(a, in[0])};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    values<S> losses(c.in[0].dims());
    each_element<Op, N>(c,
                        [&](index_t i, const std::array<S, N>& x, const auto&) { losses[i] = Op::value(x, c.attrs); });
    reduce(c.attrs, losses, y[0]);
  }

  template <class O = Op>
  requires requires { &O::kink; }
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const index_t n = averaged(c.attrs, c.in[0].dims());
    each_element<Op, N>(c, [&](index_t i, const std::array<real, N>& x, const auto& from) {
      const real share = cotangent(c.attrs, g[0], i, n);
      element e{.at = {}, .g = share, .s = s};
      for (std::size_t k = 0; k < N; ++k) e.at[k] = {k, from[k](i)};
      Op::kink(x, c.attrs, e);
    });
  }
};

}  // namespace backproof::loss
