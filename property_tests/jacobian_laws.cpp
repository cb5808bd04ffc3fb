// What ops state of their Jacobians holds at random points: its norm bounds every gradient, an isometry keeps lengths,
// and Euler's theorem ties the gradient to the value. The laws are not derived from the VJP, so that they testify.
//
//   ||V(g)|| <= c ||g||,  or = c ||g||,        up to the rounding errors of a wide evaluation
//   ||J_k^T g|| <= jacobian_norm_bound(k) ||g||
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(jacobian_laws)

namespace {

double norm(const value_list<real>& list) {
  real sum(0);
  for (const values<real>& x : list)
    for (index_t i = 0; i < x.size(); ++i) sum += x[i] * x[i];
  return std::sqrt(static_cast<double>(sum));
}

const law* stated(const op& o, law::kind what) {
  for (const law& l : o.laws)
    if (l.what == what) return &l;
  return nullptr;
}

// Norms are rounded to double: a few of its units.
constexpr double slack = 0x1p-48;

}  // namespace

BOOST_AUTO_TEST_CASE(norms_and_isometries) {
  for (const op& o : all_ops()) {
    const law *bound = stated(o, law::kind::norm), *equal = stated(o, law::kind::isometry);
    if (bound == nullptr && equal == nullptr) continue;
    holds(std::string(o.info.name), 20 / patience, [&] {
      const question q = *any_question(o);
      const sample x = q.draw();
      const oracle truth(o, x, format_of(x.type));
      RC_PRE(truth.why_no_derivative().empty());
      const double d = norm(truth.gradient()), g = norm(truth.cotangents());
      if (bound != nullptr) RC_ASSERT(d <= bound->constant * g * (1 + slack));
      if (equal != nullptr) RC_ASSERT(std::fabs(d - equal->constant * g) <= equal->constant * g * slack);
    });
  }
}

BOOST_AUTO_TEST_CASE(no_gradient_is_longer_than_the_stated_stretch) {
  for (const op& o : all_ops()) {
    if (o.jacobian_norm_bound == nullptr) continue;
    holds(std::string(o.info.name), 20 / patience, [&] {
      const question q = *any_question(o);
      const sample x = q.draw();
      const oracle truth(o, x, format_of(x.type));
      RC_PRE(truth.why_no_derivative().empty());
      const double g = norm(truth.cotangents());
      for (std::size_t k = 0; k < truth.gradient().size(); ++k)
        if (truth.gradient()[k].present()) {
          const double most = o.jacobian_norm_bound({x.attrs, truth.inputs()}, k);
          RC_ASSERT(norm({truth.gradient()[k]}) <= most * g * (1 + slack));
        }
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
