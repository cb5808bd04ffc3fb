// Event logs, read back to go on with a run.
#include "backproof/run/event_log.hpp"

#include <limits>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "support.hpp"

namespace backproof::tests {

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
  r.file = "f", r.not_stored = "full", r.hint = "h", r.replay = "r", r.internal = true;
  return r;
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
                        {.on_result = [&](const result& r) { lines.push_back(to_json(r)); }, .on_progress = {}});
  lines.push_back(to_json(s));
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_reads_back_as_it_was_written) {
  BOOST_TEST(to_json(run_info_from_json(to_json(some_run))) == to_json(some_run));
  BOOST_TEST(to_json(result_from_json(to_json(some_result()))) == to_json(some_result()));
  BOOST_TEST(to_json(result_from_json(to_json(result{}))) == to_json(result{}));
}

BOOST_AUTO_TEST_CASE(records_of_a_run_read_back) {
  const plan p = plan_for({"softmax", "relu"});
  run(p, [] { return reference_subject(); },
      {.on_result = [&](const result& r) { BOOST_TEST(to_json(result_from_json(to_json(r))) == to_json(r)); },
       .on_progress = {}});
}

BOOST_AUTO_TEST_CASE(what_was_cut_off_is_left_out) {
  const std::string head = to_json(some_run) + "\n";
  BOOST_TEST(whole("") == 0u);
  BOOST_TEST(whole(head.substr(0, 20)) == 0u);
  BOOST_TEST(whole(head) == 0u);
  const std::string two = head + case_line("A", "0") + case_line("A", "1");
  BOOST_TEST(whole(two) == 0u);  // A may have gone on
  const std::string three = two + case_line("B", "0");
  BOOST_TEST(whole(three) == 2u);
  BOOST_TEST(whole(three + "{\"v\":1,\"event\":\"ca") == 2u);
  BOOST_TEST(parse_event_log(three, "log").bytes == two.size());
  BOOST_TEST(parse_event_log(two, "log").bytes == head.size());
  summary s;
  BOOST_TEST(whole(three + to_json(s) + "\n") == 3u);
  s.interrupted = true, s.cut_short = {"B/f32"};
  BOOST_TEST(whole(three + to_json(s) + "\n") == 2u);
  s.cut_short = {"A/f32", "B/f32"};  // two jobs
  BOOST_TEST(whole(three + to_json(s) + "\n") == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_log_is_refused_with_its_line) {
  const std::string head = to_json(some_run) + "\n";
  const auto names = [](const std::string& where) {
    return [where](const format_error& e) { return std::string(e.what()).starts_with("log:" + where + ": "); };
  };
  for (const char* text : {"x\n", "[]\n", "{}\n", "{\"event\":\"case\"}\n", "{\"event\":3}\n"})
    BOOST_CHECK_EXCEPTION(parse_event_log(text, "log"), format_error, names("1"));
  for (const std::string& text :
       {head, std::string("{\"event\":\"case\",\"op\":1}\n"), std::string("{\"event\":\"x\"}\n")})
    BOOST_CHECK_EXCEPTION(parse_event_log(head + text, "log"), format_error, names("2"));
  const std::string deep = "{\"event\":\"case\",\"op\":" + std::string(1000, '[') + std::string(1000, ']') + "}\n";
  BOOST_CHECK_EXCEPTION(parse_event_log(head + deep, "log"), format_error, names("2"));
}

BOOST_AUTO_TEST_CASE(a_run_that_goes_on_gives_the_same_records) {
  plan p = plan_for({"relu", "softmax", "gemm"});
  const std::vector<std::string> all = lines_of(p);
  for (std::size_t units = 0; units <= 6; ++units) {
    plan rest = p;
    std::string last;
    std::size_t seen = 0;
    for (std::size_t k = 0; k + 1 < all.size(); ++k) {
      const result r = result_from_json(all[k]);
      if (r.op + r.dtype != last && seen++ == units) break;
      last = r.op + r.dtype;
      rest.earlier.push_back(r);
    }
    rest.jobs = 2;
    BOOST_TEST(lines_of(rest) == all, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(the_log_of_another_run_is_refused) {
  plan p = plan_for({"relu", "softmax"});
  p.earlier = {some_result()};
  BOOST_CHECK_THROW(lines_of(p), invalid_input);
}

BOOST_AUTO_TEST_CASE(a_unit_that_throws_costs_itself_alone) {
  std::map<std::string, int> errors, passes;
  const summary s =
      run(plan_for({"relu", "softmax"}), [] { return std::make_unique<half_broken>(); },
          {.on_result =
               [&](const result& r) {
                 ++(r.found.outcome == verdict::error ? errors : passes)[r.op];
                 if (r.found.outcome == verdict::error)
                   BOOST_TEST((r.internal && r.found.reason.find("within the process") != std::string::npos));
               },
           .on_progress = {}});
  BOOST_TEST(errors["Relu"] == 2);  // one a dtype
  BOOST_TEST(passes["Softmax"] > 10);
  BOOST_TEST(s.exit_code() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests
