// The run loop: the same results in the same order however the work is divided, and nothing green that was not run.
#include "backproof/run/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "backproof/run/counterexample.hpp"
#include "mutant_subject.hpp"
#include "reference/sigmoid.hpp"
#include "support.hpp"

namespace backproof::tests::in_run {

BOOST_AUTO_TEST_SUITE(run)

using backproof::run;

namespace {

plan small_plan() {
  plan p;
  for (const char* name : {"add", "relu", "sigmoid", "softmax"}) p.ops.push_back(&op_called(name));
  for (const char* name : {"adjoint_identity", "reference_gradient", "reference_value"})
    p.checks.push_back(&check_called(name));
  p.dtypes = {dtype::f32, dtype::bf16};
  p.samples = 4;
  return p;
}

const subject_factory honest = [] { return reference_subject(); };

struct outcome {
  summary total;
  std::vector<std::string> lines;  // the records, as they go into a log
  std::vector<result> results;
  std::vector<unit_result> units;
  std::vector<std::size_t> progress;
};

outcome outcome_of(const plan& p, const subject_factory& make = honest) {
  outcome o;
  o.total =
      run(p, make,
          {.on_result = [&](const result& r) { o.lines.push_back(to_json(r)), o.results.push_back(r); },
           .on_unit = [&](const unit_result& u) { o.lines.push_back(to_json(u)), o.units.push_back(u); },
           .on_progress = [&](std::size_t done, std::size_t, const std::string&) { o.progress.push_back(done); }});
  return o;
}

subject_factory making(const std::function<void(mode, const op&, const sample&, reply&)>& tamper) {
  return [tamper] { return std::make_unique<tampered_subject>(tamper); };
}

subject_factory replying(reply::status status) {
  return [status] { return std::make_unique<scripted_subject>(reply{status, "on purpose", {}}); };
}

// Sigmoid's gradient with a wrong sign, the rest right.
const subject_factory wrong_sigmoid = making([](mode m, const op& o, const sample&, reply& r) {
  if (m != mode::vjp || o.info.name != "sigmoid") return;
  for (index_t i = 0; i < r.tensors[0]->count(); ++i) r.tensors[0]->set(i, -r.tensors[0]->at(i));
});

class offers_nothing : public test_subject {
 public:
  offer offers(const op&, dtype) const override {
    return {.forward = false, .vjp = false, .jvp = false, .why_not = "has no such op"};
  }
  reply run(mode, const op&, const sample&) override { throw std::logic_error("must not be asked"); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_reference_passes) {
  const outcome o = outcome_of(small_plan());
  BOOST_TEST(o.total.exit_code() == 0);
  BOOST_TEST(o.total[verdict::fail] + o.total[verdict::error] + o.total[verdict::vacuous] == 0);
  BOOST_TEST(o.total[verdict::pass] > o.results.size() / 2);
  BOOST_TEST((o.total.ops_selected == 4 && o.total.ops_executed == 4));
  BOOST_TEST((o.total.not_run.empty() && o.total.first_failure.empty() && !o.total.interrupted));
}

BOOST_AUTO_TEST_CASE(counts_add_up_to_the_records) {
  const outcome o = outcome_of(small_plan(), wrong_sigmoid);
  std::array<std::uint64_t, all_verdicts.size()> counted{};
  for (const result& r : o.results) ++counted[static_cast<std::size_t>(r.found.outcome)];
  BOOST_TEST((o.total.counts == counted));
}

BOOST_AUTO_TEST_CASE(every_smooth_case_is_judged_by_every_check) {
  const plan p = small_plan();
  std::set<std::string> ids;
  for (const result& r : outcome_of(p).results) BOOST_TEST(ids.insert(r.id()).second, r.id());
  for (const op* o : p.ops)
    for (const dtype t : p.dtypes)
      for (const check* c : p.checks)
        for (std::uint64_t n = 0; n < p.samples; ++n) {
          const std::string id = std::string(o->wire_name()) + "/" + std::string(name_of(t)) + "/" +
                                 std::string(c->info.name) + "/" + std::to_string(n);
          BOOST_TEST(ids.count(id) == 1u, id);
        }
}

BOOST_AUTO_TEST_CASE(kinks_and_special_values_go_to_the_checks_that_hold_anywhere) {
  std::set<std::string> kinks, specials;
  for (const result& r : outcome_of(small_plan()).results) {
    if (r.sample.starts_with("kink")) kinks.insert(r.op);
    if (r.sample.starts_with("special")) specials.insert(r.op);
    if (r.sample.find('-') != std::string::npos) BOOST_TEST(check_called(r.check).info.anywhere);
  }
  BOOST_TEST((kinks == std::set<std::string>{"Relu"}));
  BOOST_TEST((specials == std::set<std::string>{"Add", "Relu", "Sigmoid", "Softmax"}));
}

BOOST_AUTO_TEST_CASE(exhaustive_runs_try_every_number_of_the_sixteen_bit_formats) {
  plan p = small_plan();
  p.ops = {&op_called("add"), &op_called("relu")};
  p.checks = {&check_called("reference_value")};
  p.samples = 1;
  p.exhaustive = true;
  int cases = 0;
  for (const result& r : outcome_of(p).results)
    if (r.sample.starts_with("exhaustive")) {
      BOOST_TEST((r.op == "Relu" && r.dtype == "bf16"));
      BOOST_TEST((r.found.outcome == verdict::pass || r.found.outcome == verdict::unresolved), r.id());
      ++cases;
    }
  BOOST_TEST(cases == static_cast<int>(exhaustive_cases));
}

BOOST_AUTO_TEST_CASE(results_are_identical_whatever_the_number_of_jobs) {
  plan p = small_plan();
  const outcome one = outcome_of(p, wrong_sigmoid);
  for (const unsigned jobs : {2u, 4u, 64u}) {
    p.jobs = jobs;
    const outcome many = outcome_of(p, wrong_sigmoid);
    BOOST_TEST(many.lines == one.lines, boost::test_tools::per_element());
    BOOST_TEST(to_json(many.total) == to_json(one.total));
  }
}

BOOST_AUTO_TEST_CASE(results_come_in_the_order_of_op_dtype_case_and_check) {
  plan p = small_plan();
  p.jobs = 4;
  p.checks = {&check_called("reference_value")};
  std::vector<std::string> units;
  for (const result& r : outcome_of(p).results) {
    const std::string unit = r.op + "/" + r.dtype;
    if (units.empty() || units.back() != unit) units.push_back(unit);
  }
  BOOST_TEST((units == std::vector<std::string>{"Add/f32", "Add/bf16", "Relu/f32", "Relu/bf16", "Sigmoid/f32",
                                                "Sigmoid/bf16", "Softmax/f32", "Softmax/bf16"}));
}

BOOST_AUTO_TEST_CASE(progress_is_told_for_every_unit) {
  plan p = small_plan();
  p.jobs = 2;
  const std::vector<std::size_t> progress = outcome_of(p).progress;
  BOOST_TEST((progress == std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

BOOST_AUTO_TEST_CASE(another_seed_gives_other_samples) {
  plan p = small_plan();
  p.seed = 2;
  const outcome one = outcome_of(small_plan()), two = outcome_of(p);
  BOOST_TEST((one.lines != two.lines));
}

BOOST_AUTO_TEST_CASE(shards_partition_the_work) {
  plan p = small_plan();
  std::vector<std::string> whole = outcome_of(p).lines, parts;
  for (const std::uint64_t shards : {2, 3, 20}) {
    parts.clear();
    p.shards = shards;
    for (p.shard = 1; p.shard <= shards; ++p.shard) {
      const outcome o = outcome_of(p);
      parts.insert(parts.end(), o.lines.begin(), o.lines.end());
    }
    std::sort(whole.begin(), whole.end());
    std::sort(parts.begin(), parts.end());
    BOOST_TEST((parts == whole), shards << " shards");
  }
}

BOOST_AUTO_TEST_CASE(a_failure_is_reported_shrunk_described_and_replayable) {
  const outcome o = outcome_of(small_plan(), wrong_sigmoid);
  BOOST_TEST(o.total.exit_code() == 1);
  const auto is_failure = [](const result& r) { return r.found.outcome == verdict::fail; };
  const auto first = std::find_if(o.results.begin(), o.results.end(), is_failure);
  BOOST_REQUIRE(first != o.results.end());
  BOOST_TEST(
      (first->op == "Sigmoid" && first->domain == "ai.onnx" && first->dtype == "f32" && first->subject == "test"));
  BOOST_TEST(first->claim == check_called(first->check).info.claim);
  BOOST_TEST(!first->tensors.empty());
  BOOST_TEST(first->tensors[0].find("X f32[") == 0);
  BOOST_TEST(first->found.worst.has_value());
  BOOST_TEST(first->replay.find("backproof replay bp1:") == 0, first->replay);
  // Two checks fail; the one that compares with the truth is named, though the other comes first.
  const auto told = std::find_if(o.results.begin(), o.results.end(),
                                 [](const result& r) { return r.told && check_called(r.check).info.direct(); });
  BOOST_REQUIRE(told != o.results.end());
  BOOST_TEST(first->check != told->check);
  BOOST_TEST(o.total.first_failure == told->replay);
  for (const result& r : o.results)
    if (r.found.outcome == verdict::fail) BOOST_TEST(!r.replay.empty());
}

BOOST_AUTO_TEST_CASE(the_token_of_every_failure_fails_again) {
  // A bug that few samples show, but small ones among them: a token that draws another sample than it should is found
  // out, be it the larger one of the same number or that of a number which was tried while shrinking.
  const subject_factory make = making([](mode m, const op& o, const sample& x, reply& r) {
    if (m != mode::vjp || o.info.name != "softmax") return;
    tensor& d = *r.tensors[0];
    const shape& dims = x.inputs[0]->dims();
    if (dims != shape{2} && dims != shape{1, 2} && std::count(dims.begin(), dims.end(), 15) == 0) return;
    for (index_t i = 0; i < d.count(); ++i) d.set(i, 2 * d.at(i));
  });
  plan p = small_plan();
  p.samples = 20;
  int failures = 0;
  for (const result& r : outcome_of(p, make).results) {
    if (r.found.outcome != verdict::fail) continue;
    ++failures;
    const std::unique_ptr<subject> s = make();
    const counterexample c = from_token(r.replay.substr(r.replay.find("bp1:")), *s);
    const finding f = judge(op_called(c.op), check_called(c.check), *s, c.x);
    BOOST_TEST((f.outcome == verdict::fail && f.kind == r.found.kind), r.id() << ": " << r.replay);
  }
  BOOST_TEST(failures > 5);
}

BOOST_AUTO_TEST_CASE(counterexamples_are_stored_where_asked_and_fail_again) {
  const auto folder = std::filesystem::temp_directory_path() / ("backproof-run-" + std::to_string(::getpid()));
  plan p = small_plan();
  p.counterexamples = folder.string();
  p.adapter_argument = "./my adapter";
  int stored = 0;
  for (const result& r : outcome_of(p, wrong_sigmoid).results) {
    if (r.file.empty()) continue;
    ++stored;
    BOOST_TEST(r.replay == "backproof replay " + r.file + " --adapter './my adapter'");
    const counterexample c = from_file(read_file(r.file));
    BOOST_TEST((c.op == r.op && c.check == r.check && c.adapter == "./my adapter"));
    const std::unique_ptr<subject> s = wrong_sigmoid();
    const finding f = judge(op_called(c.op), check_called(c.check), *s, c.x);
    BOOST_TEST((f.outcome == r.found.outcome && f.kind == r.found.kind && f.reason == r.found.reason));
  }
  BOOST_TEST(stored == 4);  // two checks see it, in two dtypes; further failures of a check are not stored
  std::filesystem::remove_all(folder);
}

// Sigmoid's gradient times a factor that depends on the sample; special values are left as they are.
subject_factory scaled_sigmoid(const std::function<double(const sample&)>& factor) {
  return making([factor](mode m, const op& o, const sample& x, reply& r) {
    if (m != mode::vjp || o.info.name != "sigmoid" || x.made_for != profile::smooth) return;
    for (index_t i = 0; i < r.tensors[0]->count(); ++i) r.tensors[0]->set(i, factor(x) * r.tensors[0]->at(i));
  });
}

BOOST_AUTO_TEST_CASE(the_failure_that_is_told_is_the_most_severe_one) {
  // Off by a thousandth in one sample, by all of it in a later one.
  const subject_factory make = scaled_sigmoid([](const sample& x) {
    return x.number == 1 ? 1.001 : x.number == 3 ? -1.0 : 1.0;
  });
  plan p = small_plan();
  for (const unsigned jobs : {1u, 4u}) {
    p.jobs = jobs;
    const outcome o = outcome_of(p, make);
    std::map<std::string, int> told;
    for (const result& r : o.results) {
      if (!r.told) continue;
      ++told[r.check + "/" + r.dtype];
      BOOST_TEST((r.sample == "3" && r.found.outcome == verdict::fail), r.id());
    }
    BOOST_TEST((told == std::map<std::string, int>{{"adjoint_identity/bf16", 1},
                                                   {"adjoint_identity/f32", 1},
                                                   {"reference_gradient/bf16", 1},
                                                   {"reference_gradient/f32", 1}}));
    BOOST_TEST(std::count_if(o.results.begin(), o.results.end(), [](const result& r) {
                 return r.check == "reference_gradient" && r.dtype == "f32" && r.found.outcome == verdict::fail;
               }) == 2);
  }
}

BOOST_AUTO_TEST_CASE(of_equally_severe_failures_the_first_is_told) {
  plan p = small_plan();
  p.checks = {&check_called("reference_gradient")};
  const outcome o = outcome_of(p, scaled_sigmoid([](const sample& x) { return x.number < 2 ? 1.0 : 0x1p+30; }));
  int told = 0;
  for (const result& r : o.results) {
    if (!r.told) continue;
    ++told;
    BOOST_TEST(r.sample == "2", r.id());
  }
  BOOST_TEST(told == 2);
}

BOOST_AUTO_TEST_CASE(shrinking_keeps_what_makes_a_failure_severe) {
  // Small samples are off by a thousandth only.
  const auto large = [](const sample& x) {
    const shape& dims = x.inputs[0]->dims();
    return std::any_of(dims.begin(), dims.end(), [](index_t e) { return e >= 3; });
  };
  const outcome o = outcome_of(small_plan(), scaled_sigmoid([&](const sample& x) { return large(x) ? -1.0 : 1.001; }));
  int told = 0;
  for (const result& r : o.results) {
    if (!r.told) continue;
    ++told;
    BOOST_TEST(r.found.severity >= 0.5, r.id());
  }
  BOOST_TEST(told == 4);
}

BOOST_AUTO_TEST_CASE(exit_codes_tell_whose_fault_it_is) {
  const auto code = [](reply::status s) { return outcome_of(small_plan(), replying(s)).total.exit_code(); };
  BOOST_TEST(code(reply::status::rejected) == 1);
  BOOST_TEST(code(reply::status::error) == 6);
  BOOST_TEST(code(reply::status::crash) == 6);
  BOOST_TEST(code(reply::status::timeout) == 6);
}

BOOST_AUTO_TEST_CASE(a_run_in_which_nothing_was_executed_is_not_green) {
  const outcome skipped = outcome_of(small_plan(), replying(reply::status::unimplemented));
  BOOST_TEST(skipped.total.exit_code() == 1);
  BOOST_TEST(skipped.total.ops_executed == 0);

  const outcome none = outcome_of(small_plan(), [] { return std::make_unique<offers_nothing>(); });
  BOOST_TEST(none.total.exit_code() == 1);
  BOOST_TEST((none.results.empty() && none.units.size() == 8));  // one for each op and dtype, with its reason
  for (const unit_result& u : none.units)
    BOOST_TEST((u.outcome == verdict::skip && u.reason == "has no such op" && !u.executed));
}

BOOST_AUTO_TEST_CASE(a_spent_budget_leaves_a_list_of_what_was_not_run) {
  plan p = small_plan();
  p.budget_seconds = 1e-9;  // spent before the first unit is begun
  for (const unsigned jobs : {1u, 4u}) {
    p.jobs = jobs;
    const outcome o = outcome_of(p);
    BOOST_TEST(
        (o.total.not_run == std::vector<std::string>{"Add/f32", "Add/bf16", "Relu/f32", "Relu/bf16", "Sigmoid/f32",
                                                     "Sigmoid/bf16", "Softmax/f32", "Softmax/bf16"}));
    BOOST_TEST((o.results.empty() && o.units.empty()));
    BOOST_TEST(o.total.exit_code() == 1);  // there was something to be done, and nothing was
    BOOST_TEST(to_json(o.total).find("\"not_run\":[\"Add/f32\"") != std::string::npos);
  }
  p.budget_seconds = 1e9;
  BOOST_TEST(outcome_of(p).total.not_run.empty());
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_keeps_what_was_finished) {
  std::atomic<bool> stop = false;
  plan p = small_plan();
  p.stop = &stop;
  std::vector<result> results;
  const summary s = run(p, honest, {.on_result = [&](const result& r) {
                          results.push_back(r);
                          if (r.op == "Relu") stop = true;
                        }});
  BOOST_TEST((s.interrupted && s.exit_code() == 2));
  BOOST_TEST((!results.empty() && results.back().op == "Relu"));
  stop = true;
  BOOST_TEST(outcome_of(p).results.empty());
}

BOOST_AUTO_TEST_CASE(an_adapter_that_cannot_be_started_ends_the_run) {
  const subject_factory broken = []() -> std::unique_ptr<subject> { throw adapter_error("no such adapter"); };
  for (const unsigned jobs : {1u, 4u}) {
    plan p = small_plan();
    p.jobs = jobs;
    BOOST_CHECK_EXCEPTION(outcome_of(p, broken), adapter_error,
                          [](const adapter_error& e) { return std::string(e.what()) == "no such adapter"; });
  }
}

BOOST_AUTO_TEST_CASE(each_job_has_a_subject_of_its_own) {
  std::mutex m;
  std::set<const subject*> made;
  plan p = small_plan();
  for (const unsigned jobs : {1u, 3u}) {
    made.clear();
    p.jobs = jobs;
    outcome_of(p, [&] {
      auto s = reference_subject();
      const std::lock_guard lock(m);
      made.insert(s.get());
      return s;
    });
    BOOST_TEST((!made.empty() && made.size() <= jobs));
  }
}

BOOST_AUTO_TEST_CASE(a_plan_without_ops_gives_an_empty_summary) {
  plan p = small_plan();
  p.ops.clear();
  const outcome o = outcome_of(p);
  BOOST_TEST((o.results.empty() && o.total.ops_selected == 0 && o.total.exit_code() == 0));
}

BOOST_AUTO_TEST_CASE(judging_in_full_describes_the_sample) {
  const std::unique_ptr<subject> s = reference_subject();
  const sample x = sample_of(dtype::f32, {{0.5, -1}, {2, 3}}, {1, 0.1});
  const result r = judge_in_full(op_called("mul"), check_called("reference_value"), *s, x);
  BOOST_TEST((r.op == "Mul" && r.dtype == "f32" && r.subject == "reference" && r.found.outcome == verdict::pass));
  BOOST_REQUIRE(r.tensors.size() == 3);
  BOOST_TEST(r.tensors[0] == "A f32[2] = [0x1p-1,-0x1p+0]");
  BOOST_TEST(r.tensors[2] == "cotangent of C f32[2] = [0x1p+0,0x1.99999ap-4]");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_run
