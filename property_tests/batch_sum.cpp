// Over a batch, the gradient of an example is its own, and the gradient of what all examples share is the sum over
// them.
//
// Two evaluations in wide precision, each within its running error bound, and as many additions as there are examples.
#include "backproof/op/batch.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(batch_sum)

namespace {

// Wide precision's own error bound, for elements of this size: 2^-100 of the largest term is far above it.
bool close(const real& a, const real& b, const real& scale) { return abs(a - b) <= ldexp(scale, -100); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_gradient_of_a_batch_is_that_of_its_examples) {
  for (const op& o : all_ops()) {
    if (!has_batch(o) || o.unary) continue;
    holds(std::string(o.info.name), 20 / patience, [&] {
      const question q = *any_question(o);
      const sample x = q.draw();
      const index_t n = examples_of(o, x);
      const oracle whole(o, x, format_of(x.type));
      RC_PRE(n > 0 && whole.kinks().empty());
      value_list<real> sum = whole.gradient(), terms = whole.gradient();
      for (auto* list : {&sum, &terms})
        for (values<real>& d : *list)
          for (index_t i = 0; i < d.size(); ++i) d[i] = real(0);
      for (index_t e = 0; e < n; ++e) {
        const sample one = of_examples(o, x, {e});
        const oracle alone(o, one, format_of(x.type));
        for (std::size_t k = 0; k < sum.size(); ++k)
          for (index_t i = 0; i < alone.gradient()[k].size(); ++i) {
            const index_t at = in_batch(o, k) ? e * alone.gradient()[k].size() + i : i;
            sum[k][at] += alone.gradient()[k][i];
            terms[k][at] += abs(alone.gradient()[k][i]);
          }
      }
      for (std::size_t k = 0; k < sum.size(); ++k)
        for (index_t i = 0; i < sum[k].size(); ++i) {
          // Where terms cancel within an example, only the running error bound of f64 says how large they were.
          const real scale = terms[k][i] + real(whole.bounded_gradient()[k][i].error());
          if (isfinite(sum[k][i])) RC_ASSERT(close(sum[k][i], whole.gradient()[k][i], real(1024) * scale));
        }
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
