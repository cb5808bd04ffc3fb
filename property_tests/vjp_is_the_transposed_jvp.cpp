// The VJP is the adjoint of the JVP: <v, J u> = <J^T v, u>.
//
// The left side comes from dual numbers through the forward function, the right one from the hand-written VJP; nothing
// is shared between them. Both are computed in wide precision, and may differ by 1e-40 of the sum of the absolute
// values of their terms, or, where a derivative is what cancellation leaves of numbers as large as cotangent, tangent
// and input are, by some ten thousand units in the last place of those.
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(vjp_is_the_transposed_jvp)

namespace {

real largest(const value_list<real>& list) {
  real most = 1;
  for (const values<real>& x : list)
    for (index_t i = 0; i < x.size(); ++i) most = math::max(most, abs(x[i]));
  return most;
}

real mass(const value_list<real>& list) {
  real total;
  for (const values<real>& x : list)
    for (index_t i = 0; i < x.size(); ++i) total += abs(x[i]);
  return total;
}

struct inner_product {
  real value, terms;  // the sum, and that of absolute values
  inner_product(const value_list<real>& a, const value_list<real>& b) {
    for (std::size_t k = 0; k < a.size(); ++k)
      for (index_t i = 0; i < a[k].size(); ++i) {
        value += a[k][i] * b[k][i];
        terms += abs(a[k][i] * b[k][i]);
      }
  }
};

// What the two sides differ by, and what they may, for the tangents of the sample or others.
void requires_adjoint(const oracle& truth) {
  const inner_product forward(truth.cotangents(), truth.jvp()), backward(truth.gradient(), truth.tangents());
  const real units =
      ldexp(real::epsilon(), 14) * mass(truth.cotangents()) * mass(truth.tangents()) * largest(truth.inputs());
  RC_ASSERT(abs(forward.value - backward.value) <= real(1e-40) * (forward.terms + backward.terms) + units);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_two_inner_products_agree) {
  holds_for_every_op(200, [](const question& q) {
    const sample x = q.draw();
    const oracle truth(*q.o, x, format_of(q.type));
    if (!truth.why_no_derivative().empty()) return;
    requires_adjoint(truth);
  });
}

BOOST_AUTO_TEST_CASE(they_agree_entry_by_entry) {
  // With unit vectors for u and v the identity says that both give the same entry of the Jacobian. A few entries each.
  holds_for_every_op(100, [](const question& q) {
    sample x = q.draw();
    if (!oracle(*q.o, x, format_of(q.type)).why_no_derivative().empty()) return;
    std::vector<tensor*> u, v;
    for (auto& t : x.tangents)
      if (t && t->count() > 0) u.push_back(&*t);
    for (tensor& t : x.cotangents)
      if (t.count() > 0) v.push_back(&t);
    const auto one_entry = [](std::vector<tensor*>& list) {
      for (tensor* t : list)
        for (index_t i = 0; i < t->count(); ++i) t->set(i, 0);
      tensor& chosen = *list[*rc::gen::inRange<std::size_t>(0, list.size())];
      chosen.set(*rc::gen::inRange<index_t>(0, chosen.count()), 1);
    };
    for (int times = 0; times < 3; ++times) {
      one_entry(u);
      one_entry(v);
      requires_adjoint(oracle(*q.o, x, format_of(q.type)));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
