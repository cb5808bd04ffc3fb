// ReduceProd over any axes.
//
//   y    = product of the group
//   dx_i = g times the product of all others
//
// Smooth everywhere, zeros included: the others are multiplied, for y / x_i is 0 / 0 there. With one zero in the group
// its element alone has a gradient, with two none has. The product of no elements is 1.
// Source: ONNX ReduceProd-18, with axes as an attribute.
#pragma once

#include "frames/product.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct reduce_prod : reduction::frame<reduce_prod> {
  static constexpr op_info info{.name = "reduce_prod",
                                .onnx = "ReduceProd",
                                .opset = 18,
                                .signature = "data -> reduced",
                                .formula = "y = product of the group",
                                .vjp = "dx_i = g prod_{j != i} x_j",
                                .source = "ONNX ReduceProd-18"};

  // Magnitudes around 1: a hundred factors of 12 are beyond any format.
  static void draw(sampler& s) {
    const domain where = s.choose({domain{.low = -1.5, .high = 1.5}, domain{.low = 0.75, .high = 1.25}});
    s.input(reduction::draw(s), where);
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes&) {
    return product(x);
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
    std::vector<S> dx;
    for (std::size_t i = 0; i < x.size(); ++i) {
      std::vector<S> factors = x;
      factors[i] = g;
      dx.push_back(product(factors));
    }
    return dx;
  }

  struct quotient : reduction::frame_vjp<quotient> {
    static constexpr variant_info info{.name = "g*y/x", .loss = "y underflows or overflows where y/x does not"};
    template <scalar S>
    static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes&) {
      std::vector<S> dx;
      const S y = product(x);
      for (const S& one : x) dx.push_back(g * y / one);
      return dx;
    }
  };
  using variants = variant_list<quotient>;
};

}  // namespace backproof::ops
