// Event logs, read back to go on with a run.
#include "backproof/run/event_log.hpp"

#include <limits>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "support.hpp"

namespace backproof::tests::in_event_log {

BOOST_AUTO_TEST_SUITE(event_log)

using backproof::result;

namespace {

const run_info some_run{.version = "1",
                        .subject = "s",
                        .subject_version = "2",
                        .seed = 18446744073709551615u,
                        .samples = 3,
                        .shard = "1/2",
                        .ops = {"Conv*", "Relu"},
                        .checks = {"law*"},
                        .dtypes = {"f64", "bf16"},
                        .exhaustive = true,
                        .out = "a folder",
                        .adapter = "python3 'x y.py'"};

result some_result() {
  result r;
  r.op = "Conv", r.domain = "ai.onnx", r.subject = "s", r.dtype = "f32", r.check = "c", r.claim = "it is so";
  r.sample = "kink-3";
  r.found.outcome = verdict::fail, r.found.kind = failure_kind::wrong_shape;
  r.found.reason = "no \"good\" \\ reason\n", r.found.variant = "v", r.found.convention = "slope 0";
  r.found.bound = "so", r.found.note = "n", r.found.measured = 0.1, r.found.unproved = "u";
  r.found.worst = element{.where = "dX[1]",
                          .expected = "1",
                          .actual = "nan",
                          .error = std::numeric_limits<double>::infinity(),
                          .bound = std::numeric_limits<double>::quiet_NaN(),
                          .ulps = 3};
  r.found.elements = 7, r.found.resolved = 6, r.found.max_ulps = 1e300;
  for (const double x : {0.0, 1.0, 5.0, 1e30}) r.found.ulps.add(x), r.found.slack.add(x / 3);
  r.attributes = "axis=1", r.tensors = {"X f32[1] = [0x1p+0]", ""}, r.told = true, r.shrunk_from = "X [3]";
  r.file = "f", r.not_stored = "full", r.hint = "h", r.replay = "r";
  return r;
}

unit_result some_unit() {
  unit_result u;
  u.op = "Conv", u.domain = "ai.onnx", u.subject = "s", u.dtype = "f32", u.reason = "so";
  u.outcome = verdict::forward_only, u.declared = u.executed = u.gradients = u.internal = true;
  u.samples = 7, u.answered = 6, u.elements = 5, u.resolved = 4;
  return u;
}

std::string unit_line(const std::string& op, bool cut_short = false) {
  unit_result u = some_unit();
  u.op = op, u.cut_short = cut_short;
  return to_json(u) + "\n";
}

std::string case_line(const std::string& op, const std::string& sample) {
  result r = some_result();
  r.op = op, r.sample = sample;
  return to_json(r) + "\n";
}

std::size_t whole(const std::string& text) { return parse_event_log(text, "log").whole.size(); }

struct half_broken final : subject {
  std::string name() const override { return "half"; }
  std::string version() const override { return "1"; }
  offer offers(const op& o, dtype t) const override { return inner_->offers(o, t); }
  reply run(mode m, const op& o, const sample& s) override {
    if (o.info.name == "relu") throw std::logic_error("a plugin within the process");
    return inner_->run(m, o, s);
  }

 private:
  std::unique_ptr<subject> inner_ = reference_subject();
};

plan plan_for(std::initializer_list<std::string_view> ops) {
  plan p;
  for (const std::string_view name : ops) p.ops.push_back(&op_called(name));
  for (const check& c : all_checks()) p.checks.push_back(&c);
  p.dtypes = {dtype::f64, dtype::f32};
  p.samples = 2;
  return p;
}

std::vector<std::string> lines_of(const plan& p) {
  std::vector<std::string> lines;
  const summary s = run(p, [] { return reference_subject(); },
                        {.on_result = [&](const result& r) { lines.push_back(to_json(r)); },
                         .on_unit = [&](const unit_result& u) { lines.push_back(to_json(u)); }});
  lines.push_back(to_json(s));
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_reads_back_as_it_was_written) {
  BOOST_TEST(to_json(run_info_from_json(to_json(some_run))) == to_json(some_run));
  BOOST_TEST(to_json(result_from_json(to_json(some_result()))) == to_json(some_result()));
  BOOST_TEST(to_json(result_from_json(to_json(result{}))) == to_json(result{}));
  BOOST_TEST(to_json(unit_from_json(to_json(some_unit()))) == to_json(some_unit()));
  BOOST_TEST(to_json(unit_from_json(to_json(unit_result{}))) == to_json(unit_result{}));
}

BOOST_AUTO_TEST_CASE(records_of_a_run_read_back) {
  const plan p = plan_for({"softmax", "relu"});
  run(p, [] { return reference_subject(); },
      {.on_result = [&](const result& r) { BOOST_TEST(to_json(result_from_json(to_json(r))) == to_json(r)); },
       .on_unit = [&](const unit_result& u) { BOOST_TEST(to_json(unit_from_json(to_json(u))) == to_json(u)); }});
}

BOOST_AUTO_TEST_CASE(what_was_cut_off_is_left_out) {
  const std::string head = to_json(some_run) + "\n";
  BOOST_TEST(whole("") == 0u);
  BOOST_TEST(whole(head.substr(0, 20)) == 0u);
  BOOST_TEST(whole(head) == 0u);
  const std::string two = head + case_line("A", "0") + case_line("A", "1");
  BOOST_TEST(whole(two) == 0u);  // A may have gone on
  const std::string closed = two + unit_line("A"), more = closed + case_line("B", "0");
  BOOST_TEST((whole(closed) == 1u && whole(more) == 1u && whole(more + "{\"v\":1,\"event\":\"ca") == 1u));
  BOOST_TEST(parse_event_log(more, "log").bytes == closed.size());
  BOOST_TEST(parse_event_log(more, "log").whole[0].cases.size() == 2u);
  BOOST_TEST(parse_event_log(two, "log").bytes == head.size());
  BOOST_TEST(whole(more + unit_line("B") + to_json(summary{}) + "\n") == 2u);
  // Interrupted in B, when another job had done with C.
  const std::string interrupted = more + unit_line("B", true) + unit_line("C") + to_json(summary{}) + "\n";
  BOOST_TEST(whole(interrupted) == 1u);
  BOOST_TEST(parse_event_log(interrupted, "log").bytes == closed.size());
}

BOOST_AUTO_TEST_CASE(what_is_no_log_is_refused_with_its_line) {
  const std::string head = to_json(some_run) + "\n";
  const auto names = [](const std::string& where) {
    return [where](const format_error& e) { return std::string(e.what()).starts_with("log:" + where + ": "); };
  };
  for (const char* text : {"x\n", "[]\n", "{}\n", "{\"event\":\"case\"}\n", "{\"event\":3}\n"})
    BOOST_CHECK_EXCEPTION(parse_event_log(text, "log"), format_error, names("1"));
  for (const std::string& text :
       {head, std::string("{\"event\":\"case\",\"op\":1}\n"), std::string("{\"event\":\"x\"}\n"),
        std::string("{\"event\":\"unit\",\"op\":\"A\"}\n")})
    BOOST_CHECK_EXCEPTION(parse_event_log(head + text, "log"), format_error, names("2"));
  BOOST_CHECK_EXCEPTION(parse_event_log(head + case_line("A", "0") + unit_line("B"), "log"), format_error, names("3"));
  const std::string deep = "{\"event\":\"case\",\"op\":" + std::string(1000, '[') + std::string(1000, ']') + "}\n";
  BOOST_CHECK_EXCEPTION(parse_event_log(head + deep, "log"), format_error, names("2"));
}

BOOST_AUTO_TEST_CASE(a_run_that_goes_on_gives_the_same_records) {
  plan p = plan_for({"relu", "softmax", "gemm"});
  const std::vector<std::string> all = lines_of(p);
  std::string text = to_json(some_run) + "\n";
  for (const std::string& line : all) text += line + "\n";
  const std::vector<judged_unit> whole = parse_event_log(text, "log").whole;
  BOOST_REQUIRE(whole.size() == 6u);
  for (std::ptrdiff_t units = 0; units <= 6; ++units) {
    plan rest = p;
    rest.earlier.assign(whole.begin(), whole.begin() + units);
    rest.jobs = 2;
    BOOST_TEST(lines_of(rest) == all, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(the_log_of_another_run_is_refused) {
  plan p = plan_for({"relu", "softmax"});
  p.earlier = {{{some_result()}, some_unit()}};
  BOOST_CHECK_THROW(lines_of(p), invalid_input);
}

BOOST_AUTO_TEST_CASE(a_unit_that_throws_costs_itself_alone) {
  std::map<std::string, int> errors;
  int passes = 0;
  const auto count = [&](const unit_result& u) {
    passes += u.outcome == verdict::pass ? 1 : 0;
    if (u.outcome != verdict::error) return;
    ++errors[u.op];
    BOOST_TEST((u.internal && u.reason.find("within the process") != std::string::npos));
  };
  const summary s =
      run(plan_for({"relu", "softmax"}), [] { return std::make_unique<half_broken>(); }, {.on_unit = count});
  BOOST_TEST((errors == std::map<std::string, int>{{"Relu", 2}}));  // one a dtype
  BOOST_TEST(passes == 2);
  BOOST_TEST(s.exit_code() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_event_log
