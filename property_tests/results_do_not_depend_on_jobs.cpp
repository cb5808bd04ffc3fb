// Whatever is run, the records are the same, and in the same order, on any number of threads and in any number of
// shards; and each record is the same in any order of ops and checks.
#include <algorithm>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(results_do_not_depend_on_jobs)

namespace {

std::vector<std::string> records(const plan& p) {
  std::vector<std::string> lines;
  // Sums in reverse order, fused: an honest subject whose results differ from the forward ones.
  const summary s = run(p, [] { return reference_subject(order::reverse, true); },
                        {.on_result = [&](const result& r) { lines.push_back(to_json(r)); },
                         .on_unit = [&](const unit_result& u) { lines.push_back(to_json(u)); }});
  if (p.shards == 1) lines.push_back(to_json(s));
  return lines;
}

plan any_plan() {
  plan p;
  const auto first = *rc::gen::inRange<std::size_t>(0, all_ops().size());
  for (std::size_t k = 0; k < 5; ++k)  // five neighbours at most, in the order of the registry
    if (first + k < all_ops().size()) p.ops.push_back(&all_ops()[first + k]);
  for (const check& c : all_checks()) p.checks.push_back(&c);
  using dtypes = std::vector<dtype>;
  p.dtypes = *rc::gen::element(dtypes{dtype::f32}, dtypes{dtype::f64, dtype::bf16}, dtypes{dtype::f16, dtype::f32});
  p.samples = *rc::gen::inRange<std::uint64_t>(1, 4);
  p.seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(threads_change_nothing) {
  holds("jobs", 8, [] {
    plan p = any_plan();
    const std::vector<std::string> alone = records(p);
    p.jobs = *rc::gen::inRange(2u, 9u);
    RC_ASSERT(records(p) == alone);
  });
}

BOOST_AUTO_TEST_CASE(shards_share_out_the_work_and_nothing_twice) {
  holds("shards", 6, [] {
    plan p = any_plan();
    std::vector<std::string> whole = records(p), parts;
    whole.pop_back();  // the summary
    p.shards = *rc::gen::inRange<std::uint64_t>(2, 6);
    for (p.shard = 1; p.shard <= p.shards; ++p.shard)
      for (std::string& line : records(p)) parts.push_back(std::move(line));
    std::sort(whole.begin(), whole.end());
    std::sort(parts.begin(), parts.end());
    RC_ASSERT(parts == whole);
  });
}

// Checks share a trial, and ops a subject: neither may learn anything from the other.
BOOST_AUTO_TEST_CASE(the_order_of_ops_and_checks_changes_nothing) {
  holds("order", 6, [] {
    plan p = any_plan();
    std::vector<std::string> before = records(p);
    std::reverse(p.ops.begin(), p.ops.end());
    std::reverse(p.checks.begin(), p.checks.end());
    std::vector<std::string> after = records(p);
    before.pop_back(), after.pop_back();  // the summaries
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    RC_ASSERT(before == after);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
