// Green means asked, answered and resolved: subjects in which nothing is wrong, because there is nothing.
#include "backproof/run/coverage.hpp"

#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_coverage {

BOOST_AUTO_TEST_SUITE(coverage)

namespace {

using declines = std::function<bool(mode, const op&, const sample&)>;

// An honest subject that declines some questions, and offers what it is told to.
class declining_subject : public test_subject {
 public:
  declining_subject(offer has, declines which) : offer_(std::move(has)), declines_(std::move(which)) {}
  offer offers(const op&, dtype) const override { return offer_; }
  reply run(mode m, const op& o, const sample& s) override {
    if (declines_(m, o, s)) return {reply::status::unimplemented, "not this one", {}};
    return reference_->run(m, o, s);
  }

 private:
  offer offer_;
  declines declines_;
  std::unique_ptr<subject> reference_ = reference_subject();
};

using names = std::vector<std::string_view>;
const names direct = {"reference_gradient", "reference_value"};

struct outcome {
  summary total;
  std::vector<unit_result> units;
};

outcome judged(const subject_factory& make, const names& checks = direct, const names& ops = {"sigmoid", "softmax"}) {
  plan p;
  for (const std::string_view name : ops) p.ops.push_back(&op_called(name));
  for (const std::string_view name : checks) p.checks.push_back(&check_called(name));
  p.dtypes = {dtype::f32};
  p.samples = 12;
  outcome o;
  o.total = backproof::run(p, make, {.on_unit = [&](const unit_result& u) { o.units.push_back(u); }});
  return o;
}

outcome judged(const offer& has, const declines& which, const names& checks = direct) {
  return judged([=] { return std::make_unique<declining_subject>(has, which); }, checks);
}

const offer both{.forward = true, .vjp = true, .jvp = false, .why_not = ""};
const offer values_alone{.forward = true, .vjp = false, .jvp = false, .why_not = ""};
const declines nothing = [](mode, const op&, const sample&) { return false; };
const declines everything = [](mode, const op&, const sample&) { return true; };
const declines gradients = [](mode m, const op&, const sample&) { return m == mode::vjp; };
const declines values = [](mode m, const op&, const sample&) { return m == mode::forward; };

assertion_result all_are(const outcome& o, verdict v) {
  assertion_result r(!o.units.empty());
  for (const unit_result& u : o.units)
    if (u.outcome != v) {
      r = assertion_result(false);
      r.message() << u.id() << " is " << name_of(u.outcome) << ": " << u.reason;
    }
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_asked_answered_and_resolved_passes) {
  const outcome o = judged(both, nothing);
  BOOST_TEST(all_are(o, verdict::pass));
  BOOST_TEST(o.total.exit_code() == 0);
  BOOST_TEST((o.total.units_that(verdict::pass) == 2 && o.total.ops_judged == 2 && o.total.units_assigned == 2));
  for (const unit_result& u : o.units) {
    BOOST_TEST((u.answered == u.samples && u.samples == 12 + special_cases && u.gradients && u.executed));
    BOOST_TEST((u.elements >= u.resolved && 2 * u.resolved > u.elements));
  }
}

BOOST_AUTO_TEST_CASE(a_subject_that_declines_everything_proves_nothing) {
  for (const names& checks : {direct, names{"vjp_linearity"}}) {
    const outcome o = judged(both, everything, checks);
    BOOST_TEST(all_are(o, verdict::vacuous));
    BOOST_TEST((o.total.exit_code() == 1 && o.total.ops_executed == 0 && o.total.ops_judged == 0));
    for (const unit_result& u : o.units) BOOST_TEST(u.reason.find("not this one") != std::string::npos, u.reason);
  }
}

BOOST_AUTO_TEST_CASE(checks_of_the_reference_alone_do_not_count_as_answers) {
  const outcome o = judged(both, everything, {"dual_jvp", "reference_gradient"});
  BOOST_TEST(all_are(o, verdict::vacuous));
  BOOST_TEST(o.total.ops_executed == 0);
  const outcome alone = judged(both, everything, {"dual_jvp"});  // to which the subject does not matter
  BOOST_TEST(all_are(alone, verdict::pass));
  BOOST_TEST(alone.total.exit_code() == 0);
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_offered_and_always_declined_leaves_the_forward_function_only) {
  const outcome o = judged(both, gradients);
  BOOST_TEST(all_are(o, verdict::forward_only));
  BOOST_TEST((o.total.exit_code() == 1 && o.total.ops_executed == 2 && o.total.ops_judged == 0));
  BOOST_TEST((o.total.forward_only == std::vector<std::string>{"Sigmoid/f32", "Softmax/f32"}));
  for (const unit_result& u : o.units) BOOST_TEST((!u.declared && !u.reason.empty()));
}

BOOST_AUTO_TEST_CASE(who_says_that_there_is_no_vjp_does_not_fail) {
  const outcome o = judged(values_alone, nothing);
  BOOST_TEST(all_are(o, verdict::forward_only));
  BOOST_TEST((o.total.exit_code() == 0 && o.total.forward_only.size() == 2 && o.total.ops_judged == 0));
  // Nor is it held against anybody if nobody asked for gradients.
  for (const offer& has : {both, values_alone})
    BOOST_TEST(all_are(judged(has, nothing, {"reference_value"}), verdict::pass));
}

BOOST_AUTO_TEST_CASE(values_that_are_always_declined_are_not_judged_either) {
  const outcome o = judged(both, values);
  BOOST_TEST(all_are(o, verdict::vacuous));
  BOOST_TEST(o.total.exit_code() == 1);
  BOOST_TEST(all_are(judged(both, values, {"reference_gradient"}), verdict::pass));
}

BOOST_AUTO_TEST_CASE(few_answers_are_thin) {
  const declines most = [](mode, const op&, const sample& s) { return s.made_for != profile::smooth || s.number != 3; };
  const outcome o = judged(both, most);
  BOOST_TEST(all_are(o, verdict::pass));
  BOOST_TEST((o.total.thin == std::vector<std::string>{"Sigmoid/f32 1 of 25", "Softmax/f32 1 of 25"}));
  BOOST_TEST(o.total.exit_code() == 0);
  BOOST_TEST(judged(both, nothing).total.thin.empty());
}

BOOST_AUTO_TEST_CASE(every_gradient_has_to_be_resolved_somewhere) {
  unit_result u;
  backproof::coverage c;
  const op& gemm = op_called("gemm");
  const sample x = draw_sample(gemm, dtype::f32, 1, 0);
  const std::unique_ptr<subject> s = reference_subject();
  const oracle truth(gemm, x, format_of(dtype::f32));
  trial t(truth, *s, {dtype::f32, format_of(dtype::f32)});
  finding f = judge(check_called("reference_gradient"), t);
  BOOST_TEST((f.resolved_in == std::vector<std::string>{"dA", "dB", "dC"}));
  f.resolved_in.pop_back();
  for (int n = 0; n < 4; ++n) {
    c.conclude(u);
    BOOST_TEST((n == 0 || u.outcome == verdict::pass), "after " << n);  // a few may be so by chance
    c.add(check_called("reference_gradient"), f, t);
    c.sample_done(t);
  }
  c.conclude(u);
  BOOST_TEST((u.outcome == verdict::vacuous && u.reason == "no sample resolves dC"), u.reason);
}

BOOST_AUTO_TEST_CASE(a_unit_reads_as_one_line_of_json) {
  const outcome o = judged(both, gradients);
  const std::string json = to_json(o.units[0]);
  for (const char* part : {R"("event":"unit")", R"("id":"Sigmoid/f32")", R"("verdict":"forward_only")",
                           R"("declared":false)", R"("samples":25)", R"("answered":25)", R"("gradients":false)"})
    BOOST_TEST(json.find(part) != std::string::npos, part << " in " << json);
  BOOST_TEST(to_json(o.total).find(R"("forward_only":["Sigmoid/f32")") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_coverage
