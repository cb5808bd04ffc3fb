// The accuracy ratchet: worse than the stored log is told, as good or better is not.
#include "backproof/run/baseline.hpp"

#include <unistd.h>

#include <filesystem>

#include "backproof/base/whole_file.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "support.hpp"

namespace backproof::tests::in_baseline {

BOOST_AUTO_TEST_SUITE(baseline)

namespace {

result record(const std::string& op, verdict v, double ulps) {
  result r;
  r.op = op, r.dtype = "f32", r.check = "reference_gradient";
  r.found.outcome = v;
  r.found.max_ulps = ulps;
  r.found.ulps.add(ulps);
  return r;
}

grades of(const std::vector<result>& records) {
  grades g;
  for (const result& r : records) g.add(r);
  return g;
}

const std::string run_line =
    to_json(run_info{.version = "1", .subject = "s", .subject_version = "2", .seed = 7, .samples = 49, .shard = ""});

// Reads a log of these lines.
grades read(const std::vector<std::string>& lines) {
  const auto path = std::filesystem::temp_directory_path() / ("backproof-baseline-" + std::to_string(::getpid()));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_whole_file(path.string(), text);
  try {
    const grades g = grades::read(path.string());
    std::filesystem::remove(path);
    return g;
  } catch (...) {
    std::filesystem::remove(path);
    throw;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(larger_errors_and_more_inaccurate_samples_are_worse) {
  const grades before = of({record("Add", verdict::pass, 2), record("Mul", verdict::inaccurate, 100)});
  const auto worse = [&](const std::vector<result>& now) { return of(now).worse_than(before); };
  BOOST_TEST(worse({record("Add", verdict::pass, 2)}).empty());
  BOOST_TEST(worse({record("Add", verdict::pass, 1)}).empty());
  BOOST_TEST(worse({record("Sub", verdict::pass, 1000)}).empty());  // new ops have no past
  BOOST_REQUIRE(worse({record("Add", verdict::pass, 3)}).size() == 1);
  BOOST_TEST(worse({record("Add", verdict::pass, 3)})[0] == "Add/f32/reference_gradient: 3 ulp, was 2");
  BOOST_TEST(worse({record("Mul", verdict::inaccurate, 100)}).empty());
  BOOST_TEST(worse({record("Mul", verdict::inaccurate, 100), record("Mul", verdict::inaccurate, 90)}).size() == 1);
  BOOST_TEST(worse({record("Add", verdict::pass, infinity)}).size() == 1);
}

BOOST_AUTO_TEST_CASE(the_worst_of_all_samples_counts_and_failures_have_no_grade) {
  const grades before = of({record("Add", verdict::pass, 2), record("Add", verdict::pass, 5)});
  BOOST_TEST(of({record("Add", verdict::pass, 5)}).worse_than(before).empty());
  BOOST_TEST(of({record("Add", verdict::fail, 1e9), record("Add", verdict::skip, 1e9)}).worse_than(before).empty());
}

BOOST_AUTO_TEST_CASE(a_log_gives_the_grades_of_the_run_that_wrote_it) {
  std::vector<std::string> lines = {run_line};
  std::vector<result> records = {record("Add", verdict::pass, 0.5), record("Add", verdict::inaccurate, infinity),
                                 record("Mul", verdict::pass, 3), record("Sub", verdict::fail, 7)};
  for (const result& r : records) lines.push_back(to_json(r));
  lines.push_back(to_json(summary()));
  const grades stored = read(lines);
  BOOST_TEST((stored.seed == 7 && stored.samples == 49));
  BOOST_TEST((of(records).worse_than(stored).empty() && stored.worse_than(of(records)).empty()));
  records[2].found.max_ulps = 3.5;
  BOOST_TEST(of(records).worse_than(stored).size() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_log_is_refused_with_its_line) {
  const auto at_line = [](const std::string& where) {
    return [where](const format_error& e) {
      return std::string(e.what()).find(where) != std::string::npos &&
             std::string(e.what()).find('\n') == std::string::npos;
    };
  };
  BOOST_CHECK_EXCEPTION(read({run_line, "not json"}), format_error, at_line(":2:"));
  BOOST_CHECK_EXCEPTION(read({run_line, "[1]"}), format_error, at_line(":2:"));
  BOOST_CHECK_EXCEPTION(read({run_line, R"({"event":"case","verdict":"pass"})"}), format_error, at_line(":2:"));
  BOOST_CHECK_EXCEPTION(read({R"({"event":"run","seed":"x"})"}), format_error, at_line(":1:"));
  BOOST_CHECK_THROW(read({}), format_error);
  BOOST_CHECK_THROW(read({to_json(record("Add", verdict::pass, 1))}), format_error);
  BOOST_CHECK_THROW(grades::read("/no/such/file"), file_error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_baseline
