// The event log of an earlier run, as a baseline and to go on with.
#include "backproof/run/event_log.hpp"

#include "backproof/run/baseline.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const grades g = grades::read(file_with(bytes, ".ndjson"));
  if (!g.worse_than(g).empty()) found("a log that is worse than itself");
  if (parse_event_log(bytes, "log").bytes > bytes.size()) found("a log that is longer than itself");
}

std::vector<std::string> seeds() {
  const run_info about{.version = "1", .subject = "s", .subject_version = "2", .seed = 1, .samples = 49, .shard = ""};
  result passed, lossy;
  passed.op = lossy.op = "Sigmoid", passed.dtype = lossy.dtype = "f32", passed.check = lossy.check = "reference_value";
  lossy.found.outcome = verdict::inaccurate;
  lossy.found.ulps.add(3), lossy.found.max_ulps = 3;
  unit_result whole;
  whole.op = "Sigmoid", whole.dtype = "f32";
  return {to_json(about) + "\n" + to_json(passed) + "\n" + to_json(lossy) + "\n" + to_json(whole) + "\n" +
          to_json(summary{}) + "\n"};
}

}  // namespace backproof::fuzz
