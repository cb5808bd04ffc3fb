// An honest implementation is never accused: the reference op, run in the sample's own format with sums in any order,
// fused or not, passes every check on every sample, kinks and special values included. That is what makes a failure
// mean something, and it is the bounds' promise put to the test.
#include <fmt/format.h>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(no_false_alarms)

namespace {

constexpr std::array<order, 4> orders = {order::forward, order::reverse, order::pairwise, order::blocked};
constexpr std::array<const char*, 4> order_names = {"forward", "reverse", "pairwise", "blocked"};

struct tally {
  int judged = 0;  // samples evaluated, each in one order of summation
  int passed = 0, unresolved = 0;
};

// Every check that applies to the profile, with every order of summation.
void honest_subjects_pass(const question& q, tally& n) {
  const sample x = q.draw();
  for (std::size_t k = 0; k < orders.size(); ++k) {
    const bool fused = (q.number + k) % 2 == 1;  // each order meets both, over the samples
    const std::unique_ptr<subject> s = reference_subject(orders[k], fused);
    const oracle truth(*q.o, x, s->accumulator(q.type));
    trial t(truth, *s, {q.type, s->accumulator(q.type)});
    ++n.judged;
    for (const check& c : all_checks()) {
      if (c.info.judges != check_target::subject || !c.suits(*q.o, q.made_for) || !c.suits(*s)) continue;
      const finding f = c.run(t);
      // A small limit may leave a sample whose true gradient is zero; that is said, and accuses nobody.
      const bool harmless =
          f.outcome == verdict::pass || f.outcome == verdict::unresolved || f.outcome == verdict::vacuous;
      if (!harmless)
        RC_FAIL(std::string(c.info.name) + ", sums " + order_names[k] + (fused ? ", fused" : "") + ": " +
                fmt::format("{} {} {}: {}", name_of(f.outcome), name_of(f.kind), f.variant, f.reason));
      ++(f.outcome == verdict::pass ? n.passed : n.unresolved);
    }
  }
}

constexpr int judgements = 5000 / patience;

// Ten thousand judgements over both cases below, and some for every op however many there are.
int questions_per_op() {
  const int judged_by_each = static_cast<int>(orders.size() * all_ops().size());
  return std::max(10 / patience, (judgements + judged_by_each - 1) / judged_by_each) *
         static_cast<int>(all_ops().size()) / 16;
}

}  // namespace

BOOST_AUTO_TEST_CASE(honest_subjects_pass_wherever_the_function_is_smooth) {
  tally n;
  holds_for_every_op(questions_per_op(), [&](const question& q) { honest_subjects_pass(q, n); });
  BOOST_TEST(n.judged >= judgements);
  BOOST_TEST(n.unresolved < n.passed / 3);
  BOOST_TEST_MESSAGE("judged " << n.judged << ", " << n.passed << " pass, " << n.unresolved << " unresolved");
}

BOOST_AUTO_TEST_CASE(honest_subjects_pass_at_kinks_and_special_values) {
  tally n;
  holds_for_every_op(
      questions_per_op(), [&](const question& q) { honest_subjects_pass(q, n); }, false);
  BOOST_TEST(n.judged >= judgements);
  BOOST_TEST(n.unresolved < n.passed);
  BOOST_TEST_MESSAGE("judged " << n.judged << ", " << n.passed << " pass, " << n.unresolved << " unresolved");
}

BOOST_AUTO_TEST_CASE(every_number_of_the_sixteen_bit_formats_passes) {
  // All 64 cases would take minutes; the others are run by `check --exhaustive`.
  for (const op& o : all_ops()) {
    if (!o.unary) continue;
    holds(std::string(o.info.name), 3, [&] {
      tally n;
      const dtype t = *rc::gen::element(dtype::f16, dtype::bf16);
      honest_subjects_pass(
          {&o, t, 1, *rc::gen::inRange<std::uint64_t>(0, exhaustive_cases), no_limit, profile::exhaustive}, n);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
