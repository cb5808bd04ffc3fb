// Gemm: Y = alpha A' B' + beta C.
#include <stdexcept>

#include "arithmetic.hpp"
#include "memory.hpp"
#include "offer.hpp"

namespace onednn {
namespace {

struct gemm {
  explicit gemm(const bp::call& c)
      : alpha(static_cast<float>(c.attrs().number("alpha", 1))),
        beta(static_cast<float>(c.attrs().number("beta", 1))),
        turn_a(c.attrs().integer("transA", 0) != 0),
        turn_b(c.attrs().integer("transB", 0) != 0),
        a(at(matrix(c.input(0)))),
        b(at(matrix(c.input(1)))) {
    refuse_empty(c);
    y = {extents_of(turned(a, turn_a).get_desc())[0], extents_of(turned(b, turn_b).get_desc())[1]};
  }

  static const bp_tensor& matrix(const bp_tensor& t) {
    if (t.ndim != 2) throw std::invalid_argument("Gemm takes matrices");
    return t;
  }

  float alpha, beta;
  bool turn_a, turn_b;
  memory a, b;
  dims y;
};

void forward(const bp::call& c) {
  const gemm m(c);
  const memory y = at(c.output(0, bp::dtype_of(c.input(0)), m.y));
  const memory a = turned(m.a, m.turn_a), b = turned(m.b, m.turn_b);
  // As in BLAS, a C that counts for nothing is not read.
  if (!c.has_input(2) || m.beta == 0) return multiply(a, b, y, m.alpha);
  const memory::desc wide = plain(m.y, memory::data_type::f32);
  const memory product = scratch(wide), sum = scratch(wide);
  multiply(a, b, product, m.alpha);
  const dims shape_c = of_rank(bp::shape_of(c.input(2)), 2);
  const memory c32 = scratch(plain(shape_c, memory::data_type::f32));
  copy(at(c.input(2), plain(shape_c, type_of(bp::dtype_of(c.input(2))))), c32);
  combine(algorithm::binary_add, product, c32, sum, m.beta);
  copy(sum, y);
}

// With G the cotangent: dA' = alpha G B'^T, dB' = alpha A'^T G, dC = beta G, summed where C was broadcast.
void vjp(const bp::call& c) {
  const gemm m(c);
  const memory g = at(c.cotangent(0));
  if (c.needs_gradient(0)) {
    const memory da = at(c.gradient(0)), b = turned(m.b, !m.turn_b);
    m.turn_a ? multiply(turned(b, true), turned(g, true), da, m.alpha) : multiply(g, b, da, m.alpha);
  }
  if (c.needs_gradient(1)) {
    const memory db = at(c.gradient(1)), a = turned(m.a, !m.turn_a);
    m.turn_b ? multiply(turned(g, true), turned(a, true), db, m.alpha) : multiply(a, g, db, m.alpha);
  }
  if (c.needs_gradient(2)) {
    const bp_tensor& dc = c.gradient(2);
    reduce(g, at(dc, plain(of_rank(bp::shape_of(dc), 2), element_of(g.get_desc()))), m.beta);
  }
}

}  // namespace

void offer_gemm(bp::adapter& a) {
  constexpr auto f32 = memory::data_type::f32;
  offer(
      a, "Gemm", forward, vjp,
      [](memory::data_type t) {
        product_of(plain({2, 3}, t), transposed(plain({4, 3}, t)), plain({2, 4}, t), scaled_product(2));
        product_of(transposed(plain({3, 2}, t)), plain({3, 4}, t), plain({2, 4}, f32), scaled_product(2));
        combination_of(algorithm::binary_add, plain({2, 4}, f32), plain({1, 4}, f32), plain({2, 4}, f32),
                       scaled_second(2));
        sum_of(plain({2, 4}, t), plain({1, 4}, f32));
      },
      "no empty tensors");
}

}  // namespace onednn
