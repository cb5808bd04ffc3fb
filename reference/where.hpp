// Where: elements of one tensor or of another, as a condition says, with numpy-style broadcasting of all three.
//
//   y  = X where c, else Y
//   dX = U_X(g where c, else 0), dY = U_Y(g where not c, else 0),   U: sum over the axes along which it was broadcast
//
// Linear in X and Y together, smooth everywhere. Data is selected, never multiplied: the branch that is not taken gets
// a gradient of exactly 0, whatever it holds. Source: ONNX Where-16.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct where {
  static constexpr op_info info{.name = "where",
                                .onnx = "Where",
                                .opset = 16,
                                .signature = "condition#, X, Y -> output",
                                .formula = "y = X where c, else Y",
                                .vjp = "dX = g where c, else 0, summed over X's broadcast axes; dY likewise elsewhere",
                                .source = "ONNX Where-16"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const shape full = s.dims(0, 3);
    s.indices(elementwise::drawn_operand(s, full), 0, 1);
    s.input(elementwise::drawn_operand(s, full));
    s.input(elementwise::drawn_operand(s, full));
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    return {elementwise::broadcast_all(in)};
  }

  // Calls visit(i, k, j) for each element i of the result, which is element j of input k.
  template <scalar S, class F>
  static void each_element(const call<S>& c, const shape& y, F visit) {
    std::vector<broadcasting> at;
    for (const values<S>& x : c.in) at.emplace_back(x.dims(), y);
    for (index_t i = 0; i < size_of(y); ++i) {
      const std::size_t k = c.at(0, at[0](i)) != 0 ? 1 : 2;
      visit(i, k, at[k](i));
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_element(c, y[0].dims(), [&](index_t i, std::size_t k, index_t j) { y[0][i] = c.in[k][j]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[1]), dy(d[2]);
    each_element(c, g[0].dims(), [&](index_t i, std::size_t k, index_t j) { (k == 1 ? dx : dy)[j] += g[0][i]; });
    dx.store();
    dy.store();
  }
};

}  // namespace backproof::ops
