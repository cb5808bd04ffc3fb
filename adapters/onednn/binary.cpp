// Add and Mul.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "arithmetic.hpp"
#include "memory.hpp"
#include "offer.hpp"

namespace onednn {
namespace {

// The operands of a binary op and its result, brought to one rank. Each operand may be broadcast, but oneDNN broadcasts
// only the second one of a primitive, so that they are swapped where it helps.
struct pair {
  explicit pair(const bp::call& c) {
    const bp::shape a = bp::shape_of(c.input(0)), b = bp::shape_of(c.input(1));
    const std::size_t rank = std::max<std::size_t>({a.size(), b.size(), 1});
    const auto t = type_of(bp::dtype_of(c.input(0)));
    in[0] = plain(of_rank(a, rank), t);
    in[1] = plain(of_rank(b, rank), t);
    dims y(rank);
    for (std::size_t k = 0; k < rank; ++k) {
      const std::int64_t n = extents_of(in[0])[k], m = extents_of(in[1])[k];
      if (n != m && n != 1 && m != 1) throw std::invalid_argument("the shapes do not broadcast");
      y[k] = n == 1 ? m : n;
    }
    out = plain(y, t);
    result.assign(y.end() - static_cast<std::ptrdiff_t>(std::max(a.size(), b.size())), y.end());
  }

  memory::desc in[2], out;
  bp::shape result;  // of the rank that the op promises
};

// y = a op b for a commutative op.
void combine_either(algorithm kind, const memory& a, const memory& b, const memory& y) {
  if (extents_of(a.get_desc()) == extents_of(y.get_desc())) return combine(kind, a, b, y);
  if (extents_of(b.get_desc()) == extents_of(y.get_desc())) return combine(kind, b, a, y);
  throw bp::unimplemented("both operands are broadcast: oneDNN broadcasts only one");
}

void forward(algorithm kind, const bp::call& c) {
  refuse_empty(c);
  const pair p(c);
  const memory y = at(c.output(0, bp::dtype_of(c.input(0)), p.result), p.out);
  combine_either(kind, at(c.input(0), p.in[0]), at(c.input(1), p.in[1]), y);
}

// The cotangent (for Mul: times the other operand), summed over the axes along which the operand was broadcast.
void vjp(algorithm kind, const bp::call& c) {
  refuse_empty(c);
  const pair p(c);
  const memory g = at(c.cotangent(0), p.out);
  for (std::size_t k = 0; k < 2; ++k) {
    if (!c.needs_gradient(k)) continue;
    memory term = g;
    if (kind == algorithm::binary_mul) {
      term = scratch(plain(extents_of(p.out), memory::data_type::f32));
      combine(kind, g, at(c.input(1 - k), p.in[1 - k]), term);
    }
    reduce(term, at(c.gradient(k), p.in[k]), 1);
  }
}

}  // namespace

void offer_binary(bp::adapter& a) {
  constexpr auto f32 = memory::data_type::f32;
  const std::pair<const char*, algorithm> kinds[] = {{"Add", algorithm::binary_add}, {"Mul", algorithm::binary_mul}};
  for (const auto& [name, kind] : kinds)
    offer(
        a, name, [k = kind](const bp::call& c) { forward(k, c); }, [k = kind](const bp::call& c) { vjp(k, c); },
        [k = kind](memory::data_type t) {
          combination_of(k, plain({2, 4}, t), plain({1, 4}, t), plain({2, 4}, t));
          combination_of(k, plain({2, 4}, t), plain({1, 4}, t), plain({2, 4}, f32));
          sum_of(plain({2, 4}, f32), plain({1, 4}, f32));
        },
        "no empty tensors, not both operands broadcast");
}

}  // namespace onednn
