// LRN, local response normalisation across channels.
//
//   y_c  = x_c s_c^-beta,   s_c = bias + (alpha / size) sum over R(c) of x^2
//   dx_i = g_i s_i^-beta - (2 alpha beta / size) x_i sum of g_c x_c s_c^(-beta-1) over those c with i in R(c)
//
// R(c) = c - floor((size-1)/2) .. c + ceil((size-1)/2), as far as there are channels. If size is even it is longer
// upwards; then the c with i in R(c) are i's own region mirrored, which is easily forgotten.
// Smooth everywhere where s > 0.
// Source: ONNX LRN-13.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct lrn {
  static constexpr op_info info{.name = "lrn",
                                .onnx = "LRN",
                                .opset = 13,
                                .signature = "X -> Y",
                                .formula = "y_c = x_c s_c^-beta, s_c = bias + (alpha / size) sum over R(c) of x^2",
                                .vjp = "dx_i = g_i s_i^-beta - (2 alpha beta / size) x_i sum g_c x_c s_c^(-beta-1)",
                                .source = "ONNX LRN-13"};
  static constexpr law laws[] = {law::batch(0b1)};

  static void draw(sampler& s) {
    s.attribute("size", s.choose<index_t>({3, 4, 1, 5, 2}));
    s.attribute("alpha", s.choose({0.5, 1e-4, 2.0}));
    s.attribute("beta", s.choose({0.75, 0.5, 1.25}));
    s.attribute("bias", s.choose({1.0, 2.0}));
    shape x = {s.extent(1, 3), s.extent(1, 9), s.extent(1, 4)};
    if (s.choose({false, true})) x.push_back(s.extent(1, 2));
    s.input(x);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (in[0].size() < 2) throw invalid_input("X " + to_string(in[0]) + " has no axis of channels");
    if (a.integer("size") < 1) throw invalid_input("size is not positive");
    a.number("alpha"), a.number("beta"), a.number("bias");
    return {in[0]};
  }

  static bool in_region(index_t i, index_t c, index_t size) { return i >= c - (size - 1) / 2 && i <= c + size / 2; }

  // Calls visit(at, s) for each column of channels; at(c) is where channel c stands, s[c] is its s_c.
  template <scalar S, class F>
  static void each_column(const call<S>& c, F visit) {
    const slices channels(c.in[0].dims(), 1);
    const index_t size = c.attrs.integer("size");
    const S share = S(c.attrs.number("alpha")) / S(static_cast<double>(size)), bias(c.attrs.number("bias"));
    for (index_t o = 0; channels.length > 0 && o < channels.outer; ++o)
      for (index_t k = 0; k < channels.inner; ++k) {
        const auto at = [start = channels.start(o, k), inner = channels.inner](index_t j) { return start + j * inner; };
        std::vector<S> s;
        for (index_t j = 0; j < channels.length; ++j) {
          sum<S> squares;
          for (index_t i = 0; i < channels.length; ++i)
            if (in_region(i, j, size)) squares.add_product(c.in[0][at(i)], c.in[0][at(i)]);
          s.push_back(bias + share * squares.value());
        }
        visit(at, s);
      }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const S beta(c.attrs.number("beta"));
    each_column(c, [&](auto at, const std::vector<S>& s) {
      for (std::size_t j = 0; j < s.size(); ++j) {
        const index_t here = at(static_cast<index_t>(j));
        y[0][here] = c.in[0][here] / math::pow(s[j], beta);
      }
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const index_t size = c.attrs.integer("size");
    const S beta(c.attrs.number("beta"));
    const S factor = S(2) * S(c.attrs.number("alpha")) * beta / S(static_cast<double>(size));
    const values<S>& x = c.in[0];
    each_column(c, [&](auto at, const std::vector<S>& s) {
      const index_t n = static_cast<index_t>(s.size());
      std::vector<S> power;
      for (const S& one : s) power.push_back(math::pow(one, beta));
      for (index_t i = 0; i < n; ++i) {
        sum<S> others;
        for (index_t k = 0; k < n; ++k) {
          const auto j = static_cast<std::size_t>(k);
          if (in_region(i, k, size)) others.add_product(g[0][at(k)], x[at(k)] / (power[j] * s[j]));
        }
        d[0][at(i)] = g[0][at(i)] / power[static_cast<std::size_t>(i)] - factor * x[at(i)] * others.value();
      }
    });
  }
};

}  // namespace backproof::ops
