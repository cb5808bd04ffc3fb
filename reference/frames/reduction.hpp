// The frame of reductions: the op states the result of one group of elements, and the frame finds the groups.
//
//   struct reduce_sum : reduction::frame<reduce_sum> {
//     static constexpr op_info info{.signature = "data -> reduced", ...};
//     static void draw(sampler& s) { s.input(reduction::draw(s)); }
//     template <scalar S> static S value(const std::vector<S>& x, const attributes& a);
//     template <scalar S> static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a);
//     static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g,    // optional
//                      const attributes& a, subdifferential& s);
//   };
//
// Attributes are those of ONNX's Reduce ops: keepdims, and also axes, which is an input there. Negative axes count from
// the end. No axes at all means every axis, or with noop_with_empty_axes no axis, so that each element is a group of
// its own. Ops that do not have noop_with_empty_axes do not set it.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/groups.hpp"

namespace backproof::reduction {

inline groups over(const attributes& a, const shape& x) {
  std::vector<index_t> axes = a.integers("axes");
  const bool none = a.has("noop_with_empty_axes") && a.flag("noop_with_empty_axes");
  if (axes.empty() && !none) {
    axes.resize(x.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  return groups(x, axes);
}

struct wishes {
  bool noop = true;          // the op has noop_with_empty_axes
  index_t least_length = 1;  // of a group, unless it is empty
};

// Some of the axes, at least one, half of them counted from the end.
inline std::vector<index_t> some_axes(sampler& s, index_t rank, index_t how_many) {
  std::vector<index_t> all(static_cast<std::size_t>(rank)), some;
  std::iota(all.begin(), all.end(), 0);
  for (index_t k = 0; k < std::min(how_many, rank); ++k) {
    const auto at = all.begin() + s.random().below(static_cast<index_t>(all.size()));
    some.push_back(s.random().chance(0.5) ? *at : *at - rank);
    all.erase(at);
  }
  return some;
}

// Sets the attributes, and returns the shape of the input.
inline shape draw(sampler& s, const wishes& wanted = {}) {
  enum choice { all, none, one, another, two, every, any };
  const auto which = s.choose({one, all, none, two, every, another, any});
  s.attribute("keepdims", s.choose<index_t>({1, 0}));
  const bool noop = s.choose({false, true});
  shape x = s.dims(wanted.least_length > 1 ? 1 : 0, 4);
  const index_t rank = static_cast<index_t>(x.size());
  std::vector<index_t> axes;
  if (which != all && (which != none || !wanted.noop))
    axes = some_axes(s, rank, which == every ? rank : which == two ? 2 : which == any ? s.random().between(1, 4) : 1);
  if (which == another && rank > 1) {  // who takes another axis for this one is to find it as long
    index_t &here = x[static_cast<std::size_t>((axes[0] + rank) % rank)],
            &next = x[static_cast<std::size_t>((axes[0] + rank + 1) % rank)];
    here = next = std::min(here, next);
  }
  s.attribute("axes", axes);
  if (wanted.noop) s.attribute<index_t>("noop_with_empty_axes", axes.empty() ? which == none : noop);
  if (wanted.least_length > 1 && !axes.empty()) {
    index_t& longest = x[static_cast<std::size_t>(axes[0] < 0 ? axes[0] + rank : axes[0])];
    if (longest > 0) longest = std::max(longest, wanted.least_length);
  } else if (wanted.least_length > 1 && size_of(x) > 0) {
    x[0] = std::max(x[0], wanted.least_length);
  }
  return x;
}

// Calls visit(o, x, at) for each group: x its elements, at their flat positions.
template <scalar S, class F>
void each_group(const call<S>& c, F visit) {
  const groups all = over(c.attrs, c.in[0].dims());
  for (index_t o = 0; o < all.count(); ++o) {
    std::vector<S> x;
    for (const index_t i : all[o]) x.push_back(c.in[0][i]);
    visit(o, x, all[o]);
  }
}

// Lossy variants derive from this one.
template <class Op>
struct frame_vjp {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each_group(c, [&](index_t o, const std::vector<S>& x, const std::vector<index_t>& at) {
      const std::vector<S> dx = Op::pull(x, g[0][o], c.attrs);
      for (std::size_t j = 0; j < at.size(); ++j) d[0][at[j]] = dx[j];
    });
  }
};

template <class Op>
struct frame_forward {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_group(
        c, [&](index_t o, const std::vector<S>& x, const std::vector<index_t>&) { y[0][o] = Op::value(x, c.attrs); });
  }
};

template <class Op>
struct frame : frame_vjp<Op>, frame_forward<Op> {
  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    return {over(a, in[0]).reduced(a.flag("keepdims"))};
  }

  template <class O = Op>
  requires requires { &O::kink; }
  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    each_group(c, [&](index_t o, const std::vector<real>& x, const std::vector<index_t>& flat) {
      std::vector<position> at;
      for (const index_t i : flat) at.push_back({0, i});
      Op::kink(x, at, g[0][o], c.attrs, s);
    });
  }
};

// The largest element of each group, or with sign -1 the smallest. It takes the gradient; tied ones share it evenly.
template <class Op, int sign>
struct extreme : frame<Op> {
  static void draw(sampler& s) { s.input(reduction::draw(s), {.distinct = true}); }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    S best = S(-sign * std::numeric_limits<double>::infinity());
    for (const S& one : x)
      if ((sign > 0 ? best < one : one < best) || !(one == one)) best = one;
    return best;
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
    const S y = value(x, a);
    const int ties = static_cast<int>(std::count(x.begin(), x.end(), y));
    std::vector<S> dx(x.size(), S(0));
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] == y) dx[i] = g / S(ties);
    return dx;
  }

  static void kink(const std::vector<real>& x, const std::vector<position>& at, const real& g, const attributes& a,
                   subdifferential& s) {
    const real y = value(x, a);
    std::vector<position> tied;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] == y) tied.push_back(at[i]);
    if (tied.size() > 1) s.simplex(tied, g);
  }
};

}  // namespace backproof::reduction
