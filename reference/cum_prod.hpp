// CumProd, the running product along one axis.
//
//   y_i  = product of x_j, j <= i (j < i if exclusive; with reverse, j >= i and j > i); of none of them, 1
//   dx_j = sum of g_i times the product of the others in y_i, over those i
//
// Smooth everywhere, zeros included. The usual sum of g y / x, a running sum of its own, is 0 / 0 there.
// Source: ONNX CumProd-26, with axis as an attribute.
#pragma once

#include "frames/product.hpp"
#include "frames/scan.hpp"

namespace backproof::ops {

struct cum_prod {
  static constexpr op_info info{.name = "cum_prod",
                                .onnx = "CumProd",
                                .opset = 26,
                                .signature = "x -> y",
                                .formula = "y_i = product of x_j, j <= i; exclusive: j < i; reverse: j >= i",
                                .vjp = "dx_j = sum of g_i times the other factors over the y_i that hold x_j",
                                .source = "ONNX CumProd-26"};

  static void draw(sampler& s) {
    scan::draw(s, s.choose({domain{.low = -2, .high = 2}, domain{.low = 0.5, .high = 1.5}}));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) { return scan::infer(a, in); }

  // The product of the x_j in y_i, of all but one; times a factor.
  template <scalar S, class At>
  static S partial(const call<S>& c, At at, index_t n, index_t i, index_t but, const S& factor) {
    std::vector<S> factors = {factor};
    for (index_t j = 0; j < n; ++j)
      if (j != but && scan::holds(c.attrs, i, j)) factors.push_back(c.in[0][at(j)]);
    return product(factors);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    scan::each_slice(c.attrs, c.in[0].dims(), [&](auto at, index_t n) {
      for (index_t i = 0; i < n; ++i) y[0][at(i)] = partial(c, at, n, i, -1, S(1));
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    scan::each_slice(c.attrs, c.in[0].dims(), [&](auto at, index_t n) {
      for (index_t j = 0; j < n; ++j) {
        sum<S> total;
        for (index_t i = 0; i < n; ++i)
          if (scan::holds(c.attrs, i, j)) total += partial(c, at, n, i, j, g[0][at(i)]);
        d[0][at(j)] = total.value();
      }
    });
  }

  struct quotient {
    static constexpr variant_info info{.name = "cumsum(g*y)/x", .loss = "y underflows or overflows where y/x does not"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      values<S> y[1] = {values<S>(c.in[0].dims())};
      forward(c, results<S>(y));
      scan::each_slice(c.attrs, c.in[0].dims(), [&](auto at, index_t n) {
        for (index_t j = 0; j < n; ++j) {
          sum<S> total;
          for (index_t i = 0; i < n; ++i)
            if (scan::holds(c.attrs, i, j)) total.add_product(g[0][at(i)], y[0][at(i)]);
          d[0][at(j)] = total.value() / c.in[0][at(j)];
        }
      });
    }
  };
  using variants = variant_list<quotient>;
};

}  // namespace backproof::ops
