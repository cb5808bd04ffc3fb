// The oracle's VJP agrees with central differences of its forward function, in wide precision and within the computed
// bound, at every sample: the check `finite_difference` has the derivation.
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(finite_differences)

BOOST_AUTO_TEST_CASE(the_oracle_never_contradicts_its_own_differences) {
  const std::unique_ptr<subject> unused = reference_subject();
  int agreed = 0, unresolved = 0;
  holds_for_every_op(200, [&](const question& q) {
    const finding f = judge(*q.o, *find_check("finite_difference"), *unused, q.draw());
    if (f.outcome != verdict::pass && f.outcome != verdict::unresolved) RC_FAIL(f.reason);
    ++(f.outcome == verdict::pass ? agreed : unresolved);
  });
  // Where a function is flat, or all of it that changes is below the last digit, nothing can be resolved; most is.
  BOOST_TEST(unresolved < agreed / 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
