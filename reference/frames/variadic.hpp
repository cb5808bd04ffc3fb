// Elementwise ops of any number of inputs, which broadcast as in numpy.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::elementwise {

// For draw functions: `full`, or a shape that broadcasts to it.
inline shape drawn_operand(sampler& s, const shape& full) {
  shape dims = full;
  switch (s.choose({0, 1, 2})) {
    case 1:  // fewer axes
      dims.erase(dims.begin(), dims.begin() + s.random().between(0, static_cast<index_t>(dims.size())));
      break;
    case 2:  // extent 1 somewhere
      for (index_t& e : dims)
        if (s.random().chance(0.5)) e = 1;
      break;
    default:
      break;
  }
  return dims;
}

// The shape that all of them broadcast to.
inline shape broadcast_all(std::span<const shape> in) {
  if (in.empty()) throw invalid_input("there are no inputs");
  shape y = in[0];
  for (const shape& x : in) y = broadcast(y, x);
  return y;
}

// y = (x_1 + ... + x_n) / Op::divisor(n), whose gradient with regard to each input is g / Op::divisor(n), summed over
// the axes along which the input was broadcast.
template <class Op>
struct scaled_sum {
  static void draw(sampler& s) {
    const index_t inputs = s.choose<index_t>({2, 3, 1, 4});
    const shape full = s.dims(0, 3);
    for (index_t k = 0; k < inputs; ++k) s.input(drawn_operand(s, full));
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {broadcast_all(in)}; }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    for (const values<S>& x : c.in) {
      const broadcasting from(x.dims(), y[0].dims());
      for (index_t i = 0; i < y[0].size(); ++i) total[i] += x[from(i)];
    }
    total.store();
    const S divisor(Op::divisor(static_cast<int>(c.in.size())));
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] /= divisor;
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const S divisor(Op::divisor(static_cast<int>(c.in.size())));
    for (values<S>& dx : d) {
      const broadcasting to(dx.dims(), g[0].dims());
      sums<S> total(dx);
      for (index_t i = 0; i < g[0].size(); ++i) total[to(i)] += g[0][i] / divisor;
      total.store();
    }
  }
};

}  // namespace backproof::elementwise
