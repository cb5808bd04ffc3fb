// feature_lp_pool: a root of the sum of powers over windows that slide along the features.
//
//   y_o  = (sum of x_i^p over the features i of window o)^(1/p),   window o: features o stride .. o stride + width - 1
//   dx_i = sum over the windows o that hold feature i of g_o (x_i / y_o)^(p-1);   0 where y_o = 0
//
// x [N, F, ...] to y [N, (F - width) / stride + 1, ...]; p is attribute power. Powers of x, and not of |x|: only for an
// even p may x be negative, so that its samples alone are; y is NaN for a sum below 0, and x < 0 with a p that is no
// integer. Kink where all of a window is 0, for p > 1: g_o times any vector of q-norm 1 at most, 1/p + 1/q = 1; the
// reference takes 0. y^(1-p), written out, overflows for small y. Source: THNN FeatureLPPooling.
#pragma once

#include <cmath>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct feature_lp_pool {
  static constexpr op_info info{.name = "feature_lp_pool",
                                .signature = "x -> y",
                                .formula = "y_o = (sum of x_i^p over the features of window o)^(1/p)",
                                .vjp = "dx_i = sum of g_o (x_i/y_o)^(p-1) over the windows that hold feature i",
                                .source = "THNN FeatureLPPooling"};
  static constexpr law laws[] = {law::homogeneous(1)};

  static void draw(sampler& s) {
    const double power = s.attribute("power", s.choose({2.0, 1.0, 3.0, 1.5, 4.0}));
    const index_t width = s.choose<index_t>({3, 2, 4, 5, 16}), stride = s.choose<index_t>({1, 2, 3, 4});
    shape x = {std::min(s.random().between(1, 2), s.limit()), s.extent(std::min(width, s.limit()), 17)};
    for (index_t k = s.choose<index_t>({0, 1, 2}); k > 0; --k) x.push_back(s.extent(1, x.size() == 2 ? 3 : 2));
    s.attribute("width", std::min(width, x[1]));
    s.attribute("stride", stride);
    s.input(x, power == 2 || power == 4 ? domain{} : domain{.low = 0x1p-6});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const index_t width = a.integer("width"), stride = a.integer("stride");
    if (in[0].size() < 2 || width < 1 || width > in[0][1] || stride < 1)
      throw invalid_input("x " + to_string(in[0]) + " has no room for windows of " + std::to_string(width) +
                          " features, or the stride is not positive");
    if (!(a.number("power") >= 1)) throw invalid_input("power is less than 1");
    shape y = in[0];
    y[1] = (in[0][1] - width) / stride + 1;
    return {y};
  }

  // Calls visit(o, cells) for each element of y, by flat position; cells(f) calls f for each element of x, likewise, in
  // its window.
  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const slices features(c.in[0].dims(), 1);
    const index_t width = c.attrs.integer("width"), stride = c.attrs.integer("stride");
    const index_t windows = (features.length - width) / stride + 1;
    for (index_t n = 0; n < features.outer; ++n)
      for (index_t w = 0; w < windows; ++w)
        for (index_t at = 0; at < features.inner; ++at)
          visit((n * windows + w) * features.inner + at, [&](auto f) {
            for (index_t k = 0; k < width; ++k) f(features.start(n, at) + (w * stride + k) * features.inner);
          });
  }

  template <scalar S>
  static S powered(const S& x, double p) {
    if (p != std::floor(p) || p > 4) return math::pow(x, S(p));
    S y = S(1);
    for (double k = 0; k < p; ++k) y *= x;
    return y;
  }

  // Scaled by the largest |x|, without which x^p over- or underflows.
  template <scalar S, class Cells>
  static S root(const values<S>& x, const Cells& cells, double p) {
    S m = S(0);
    sum<S> all, scaled;
    cells([&](index_t i) {
      m = math::max(m, math::abs(x[i]));
      all += p == 1 ? x[i] : powered(x[i], p);
    });
    if (p == 1) return all.value();
    if (m == S(0) || !(m - m == S(0))) return math::pow(all.value(), S(1) / S(p));  // zeros, infinity or NaN
    cells([&](index_t i) { scaled += powered(x[i] / m, p); });
    return m * (p == 2 ? math::sqrt(scaled.value()) : math::pow(scaled.value(), S(1) / S(p)));
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const double p = c.attrs.number("power");
    each_window(c, [&](index_t o, const auto& cells) { y[0][o] = root(c.in[0], cells, p); });
  }

  template <scalar S, class Root, class Slope>
  static void gradient(const call<S>& c, cotangents<S> g, values<S>& d, Root y_of, Slope slope) {
    const double p = c.attrs.number("power");
    sums<S> dx(d);
    each_window(c, [&](index_t o, const auto& cells) {
      const S y = y_of(c.in[0], cells, p);
      if (p != 1 && y == S(0)) return;
      cells([&](index_t i) { dx[i] += p == 1 ? g[0][o] : g[0][o] * slope(c.in[0][i], y, p - 1); });
    });
    dx.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    gradient(
        c, g, d[0], [](const auto& x, const auto& cells, double p) { return root(x, cells, p); },
        [](const S& x, const S& y, double q) { return powered(x / y, q); });
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const double p = c.attrs.number("power");
    if (p == 1) return;
    each_window(c, [&](index_t o, const auto& cells) {
      std::vector<position> all;
      bool zero = true;
      cells([&](index_t i) { all.push_back({0, i}), zero &= c.in[0][i] == real(0); });
      if (zero) s.ball(all, p / (p - 1), g[0][o]);
    });
  }

  struct by_powers {
    static constexpr variant_info info{.name = "(sum x^p)^(1/p), x^(p-1)/y^(p-1)",
                                       .loss = "x^p over- or underflows for large or small x"};
    template <scalar S, class Cells>
    static S root(const values<S>& x, const Cells& cells, double p) {
      sum<S> total;
      cells([&](index_t i) { total += powered(x[i], p); });
      return math::pow(total.value(), S(1) / S(p));
    }

    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      const double p = c.attrs.number("power");
      each_window(c, [&](index_t o, const auto& cells) { y[0][o] = root(c.in[0], cells, p); });
    }

    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(
          c, g, d[0], [](const auto& x, const auto& cells, double p) { return root(x, cells, p); },
          [](const S& x, const S& y, double q) { return powered(x, q) / powered(y, q); });
    }
  };
  using variants = variant_list<by_powers>;
};

}  // namespace backproof::ops
