// Records as JSON lines, and the exit code of a summary.
#include "backproof/run/result.hpp"

#include "support.hpp"

namespace backproof::tests::in_result {

BOOST_AUTO_TEST_SUITE(result)

using backproof::result;

namespace {

summary with(std::initializer_list<verdict> verdicts) {
  summary s;
  s.ops_selected = s.ops_executed = 1;
  for (const verdict v : verdicts) ++s[v];
  return s;
}

bool holds(const std::string& json, const std::string& part) { return json.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(verdict_names_read_back) {
  for (const verdict v : all_verdicts) BOOST_TEST((verdict_named(name_of(v)) == v));
  BOOST_TEST((verdict_named("green") == std::nullopt));
}

BOOST_AUTO_TEST_CASE(the_exit_code_is_that_of_the_worst_verdict) {
  for (const verdict v : {verdict::pass, verdict::inaccurate, verdict::unresolved, verdict::skip})
    BOOST_TEST(with({v}).exit_code() == 0, name_of(v));
  for (const verdict v : {verdict::fail, verdict::vacuous}) BOOST_TEST(with({verdict::pass, v}).exit_code() == 1);
  for (const verdict v : {verdict::error, verdict::crash, verdict::timeout})
    BOOST_TEST(with({verdict::pass, v}).exit_code() == 6);
  BOOST_TEST(with({verdict::crash, verdict::fail}).exit_code() == 1);
  summary s = with({verdict::fail});
  s.interrupted = true;
  BOOST_TEST(s.exit_code() == 2);
  s = with({verdict::skip});
  s.ops_executed = 0;
  BOOST_TEST(s.exit_code() == 0);  // nothing was to be executed: an empty shard
  s.units_assigned = 1;
  BOOST_TEST(s.exit_code() == 1);
}

BOOST_AUTO_TEST_CASE(a_unit_fails_by_itself_if_nothing_or_half_was_proved_and_nobody_said_so_before) {
  unit_result u;
  for (const verdict v : all_verdicts) {
    u.outcome = v;
    BOOST_TEST(u.fails() == (v == verdict::vacuous || v == verdict::forward_only), name_of(v));
  }
  u.outcome = verdict::forward_only, u.declared = true;
  BOOST_TEST(!u.fails());
  summary s = with({verdict::pass});
  s.units_assigned = 1;
  BOOST_TEST(s.exit_code() == 0);
  s.unit_fails = true;
  BOOST_TEST(s.exit_code() == 1);
  s.unit_fails = false, ++s.units[static_cast<std::size_t>(verdict::error)];
  BOOST_TEST(s.exit_code() == 6);
}

BOOST_AUTO_TEST_CASE(a_fifth_of_the_samples_is_not_thin) {
  unit_result u;
  u.samples = 50;
  for (const std::uint64_t answered : {0, 10, 50}) {
    u.answered = answered;  // nothing answered is told by the verdict
    BOOST_TEST(!u.thin(), answered);
  }
  u.answered = 9;
  BOOST_TEST(u.thin());
}

BOOST_AUTO_TEST_CASE(a_record_is_one_line_of_json_with_what_is_known) {
  result r;
  r.op = "Sigmoid", r.domain = "ai.onnx", r.subject = "test", r.dtype = "f32", r.check = "reference_value",
  r.sample = "12";
  r.claim = "|y_i - Y_i| <= b_i";
  std::string json = to_json(r);
  BOOST_TEST(holds(json, "\"id\":\"Sigmoid/f32/reference_value/12\""));
  BOOST_TEST(holds(json, "\"verdict\":\"pass\""));
  for (const char* absent : {"kind", "reason", "variant", "worst", "replay", "file"})
    BOOST_TEST(!holds(json, "\"" + std::string(absent) + "\""));
  r.found.outcome = verdict::fail, r.found.kind = failure_kind::nonfinite,
  r.found.reason = "two\nlines \"quoted\" \x1b[31m";
  r.found.worst = element{"dX[0]", "1", "nan", infinity, 0.5, not_a_number};
  json = to_json(r);
  BOOST_TEST(json.find_first_of("\n\r\x1b") == std::string::npos);
  BOOST_TEST(holds(json, "\"error\":\"Infinity\""));
  BOOST_TEST(!holds(json, "\"ulps\""));  // a law has none
  r.found.worst->ulps = infinity;
  BOOST_TEST(holds(to_json(r), "\"ulps\":\"Infinity\""));
  BOOST_TEST(holds(json, "two\\nlines \\\"quoted\\\""));
}

BOOST_AUTO_TEST_CASE(text_that_is_no_utf_8_does_not_stop_a_report) {
  result r;
  r.found.reason = "\xff\xfe broken";
  BOOST_TEST(holds(to_json(r), " broken"));
}

BOOST_AUTO_TEST_CASE(run_and_summary_are_lines_as_well) {
  run_info i{.version = "1", .subject = "s", .subject_version = "2", .seed = 7, .samples = 49, .shard = ""};
  BOOST_TEST(!holds(to_json(i), "shard"));
  i.shard = "2/5";
  BOOST_TEST(holds(to_json(i), "\"shard\":\"2/5\""));
  BOOST_TEST(holds(to_json(i), "\"seed\":7"));
  const std::string s = to_json(with({verdict::pass, verdict::pass, verdict::fail}));
  BOOST_TEST(holds(s, "\"pass\":2"));
  BOOST_TEST(holds(s, "\"exit\":1"));
}

BOOST_AUTO_TEST_CASE(histograms_count_by_powers_of_two_and_add_up) {
  histogram h, other;
  for (const double x : {0.0, 0.5, 1.0, 1.5, 3.0, 4.0, 5.0, 1e300, infinity}) h.add(x);
  BOOST_TEST(h.total() == 9u);
  BOOST_TEST(
      (h.counts()[0] == 1 && h.counts()[1] == 2 && h.counts()[2] == 1 && h.counts()[3] == 2 && h.counts()[4] == 1));
  BOOST_TEST(h.counts().back() == 2u);
  BOOST_TEST(h.median() == 4);  // the fifth of nine is 3, in (2, 4]
  other.add(0);
  other.add(h);
  BOOST_TEST((other.total() == 10 && other.counts()[0] == 2));
  BOOST_TEST(histogram().median() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_result
