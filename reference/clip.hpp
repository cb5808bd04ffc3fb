// Clip of a tensor to bounds, each of them optional, that are scalars or broadcast to the tensor's shape.
//
//   y    = min(max(x, lo), hi)
//   dx   = w_x g, dlo = U_lo(w_lo g), dhi = U_hi(w_hi g);   w = 1 / |T| for the operands in T, those of x, lo and hi
//          that y is taken from, else 0; U sums over the axes along which a bound was broadcast
//
// Where lo > hi the result is hi. A bound that is not given does not bind. The bounds have gradients of their own: as
// in torch, and beyond ONNX, in which bounds are scalars. Whatever is drawn, dx, dlo and dhi add up to the sum of g.
// Kinks where two of the operands tie for the result: any weights >= 0 on T that add up to 1 are a subgradient, and the
// reference takes the even ones. Data is selected, never multiplied. A NaN wins, in whichever operand it is.
// Source: ONNX Clip-13; torch.clamp.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/smooth.hpp"
#include "frames/variadic.hpp"

namespace backproof::ops {

struct clip {
  static constexpr op_info info{.name = "clip",
                                .onnx = "Clip",
                                .opset = 13,
                                .signature = "input, min?, max? -> output",
                                .formula = "y = min(max(x, lo), hi)",
                                .vjp = "each of x, lo, hi: w g, w even over those y is taken from, else 0",
                                .source = "ONNX Clip-13"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t given = s.choose<index_t>({3, 1, 2, 0});  // bit 0: min, bit 1: max
    const bool crossed = s.choose({0, 0, 1}) != 0, scalars = s.choose({true, false});
    const shape x = s.dims(0, 3);
    const domain low{.low = -2, .high = 0, .distinct = true}, high{.low = 0, .high = 2, .distinct = true};
    shape dims[2];
    for (shape& bound : dims) bound = scalars ? shape{} : elementwise::drawn_operand(s, x);
    draw_smooth<clip>(s, [&](sampler& to) {
      to.input(x, {.distinct = true});
      for (const index_t bound : {1, 2})
        if ((given & bound) == 0)
          to.absent();
        else
          to.input(dims[bound - 1], (bound == 1) == crossed ? high : low);
    });
  }

  static std::vector<shape> infer(const attributes&, std::span<const shape> in) {
    for (const std::size_t k : {1, 2})
      if (given(in, k) && broadcast(in[0], in[k]) != in[0])
        throw invalid_input("a bound " + to_string(in[k]) + " does not broadcast to " + to_string(in[0]));
    return {in[0]};
  }

  // Calls visit(i, y, from) for each element y of the result, `from` being the elements that it is taken from.
  template <scalar S, class F>
  static void each_element(const call<S>& c, F visit) {
    const shape& dims = c.in[0].dims();
    std::vector<broadcasting> at;
    for (std::size_t k = 0; k < 3; ++k) at.emplace_back(c.has(k) ? c.in[k].dims() : shape{}, dims);
    for (index_t i = 0; i < size_of(dims); ++i) {
      S y = c.in[0][i];
      std::vector<position> from = {{0, i}};
      for (const std::size_t k : {1, 2}) {
        if (!c.has(k)) continue;
        const position p{k, at[k](i)};
        const S& bound = c.in[k][p.at];
        if ((k == 1 ? y < bound : bound < y) || !(bound == bound))
          y = bound, from = {p};
        else if (y == bound)
          from.push_back(p);
      }
      visit(i, y, from);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_element(c, [&](index_t i, const S& taken, const auto&) { y[0][i] = taken; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    all_sums<S> totals(d);
    each_element(c, [&](index_t i, const S&, const std::vector<position>& from) {
      for (const position& p : from) totals[p.input][p.at] += g[0][i] / S(static_cast<int>(from.size()));
    });
    totals.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    each_element(c, [&](index_t i, const real&, const std::vector<position>& from) {
      if (from.size() > 1) s.simplex(from, g[0][i]);
    });
  }
};

}  // namespace backproof::ops
