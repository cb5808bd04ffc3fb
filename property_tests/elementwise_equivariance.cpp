// An op of one number at a time does not know where the number stands: its VJP commutes with every permutation of the
// elements, and a reduction's gradient with a permutation of what is reduced. Exactly, in wide precision: the same
// numbers go through the same operations.
#include <numeric>

#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(elementwise_equivariance)

namespace {

std::vector<index_t> any_permutation(index_t n) {
  std::vector<index_t> p(static_cast<std::size_t>(n));
  std::iota(p.begin(), p.end(), index_t{0});
  for (index_t i = n - 1; i > 0; --i)
    std::swap(p[static_cast<std::size_t>(i)], p[static_cast<std::size_t>(*rc::gen::inRange<index_t>(0, i + 1))]);
  return p;
}

tensor permuted(const tensor& t, const std::vector<index_t>& p) {
  tensor out = t;
  for (index_t i = 0; i < t.count(); ++i) out.set(i, t.at(p[static_cast<std::size_t>(i)]));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_elementwise_vjp_commutes_with_every_permutation) {
  for (const op& o : all_ops()) {
    if (!o.unary) continue;
    holds(std::string(o.info.name), 20 / patience, [&] {
      const question q = *any_question(o, false);
      const sample x = q.draw();
      const std::vector<index_t> p = any_permutation(x.inputs[0]->count());
      sample y = x;
      y.inputs[0] = permuted(*x.inputs[0], p);
      y.cotangents[0] = permuted(x.cotangents[0], p);
      const oracle before(o, x, format_of(x.type)), after(o, y, format_of(x.type));
      for (index_t i = 0; i < x.inputs[0]->count(); ++i) {
        const real &a = before.gradient()[0][p[static_cast<std::size_t>(i)]], &b = after.gradient()[0][i];
        RC_ASSERT(a == b || (isnan(a) && isnan(b)));
      }
    });
  }
}

// Of a whole tensor reduced to one number, with a cotangent of 1: what is gained by an element does not depend on where
// it stands. Sums in another order differ by their bounds.
BOOST_AUTO_TEST_CASE(a_reduction_does_not_know_the_order_of_its_elements) {
  for (const op& o : all_ops()) {
    if (!o.info.name.starts_with("reduce_")) continue;
    holds(std::string(o.info.name), 20 / patience, [&] {
      sample x = (*any_question(o)).draw();
      const std::vector<index_t> p = any_permutation(x.inputs[0]->count());
      RC_PRE(x.cotangents[0].count() == 1 && oracle(o, x, format_of(x.type)).kinks().empty());
      sample y = x;
      y.inputs[0] = permuted(*x.inputs[0], p);
      const oracle before(o, x, format_of(dtype::f64)), after(o, y, format_of(dtype::f64));
      for (index_t i = 0; i < x.inputs[0]->count(); ++i) {
        const index_t from = p[static_cast<std::size_t>(i)];
        const double bound = before.bounded_gradient()[0][from].error() + after.bounded_gradient()[0][i].error();
        RC_ASSERT(magnitude(before.gradient()[0][from] - after.gradient()[0][i]) <= bound);
      }
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
