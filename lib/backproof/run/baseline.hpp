// Comparison with a stored log: a subject must not become less accurate than it was then, even within its bounds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backproof/run/result.hpp"

namespace backproof {

// The accuracy of one check on one op and dtype, over all its samples.
struct grade {
  double max_ulps = 0;
  std::uint64_t inaccurate = 0;
};

class grades {
 public:
  // From an event log as --ndjson writes it. Throws format_error with the line that is malformed, or file_error.
  static grades read(const std::string& path);

  void add(const result& r);

  // What is worse here than in `baseline`, one line each. Only comparable if seed and samples are the same.
  std::vector<std::string> worse_than(const grades& baseline) const;

  std::uint64_t seed = 0, samples = 0;

 private:
  void add(const std::string& key, double max_ulps, bool inaccurate);
  std::map<std::string, grade> by_check_;  // "Sigmoid/f32/CHECK"
};

}  // namespace backproof
