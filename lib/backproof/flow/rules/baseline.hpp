// An earlier report as a yardstick: which layer moved since.
#pragma once

#include <string>

#include "backproof/flow/measure/report.hpp"

namespace backproof::flow {

// Adds a finding GF012 for each layer whose gain moved by more than `most` decades since the report in `path`, and for
// layers that came or went. Throws format_error if it is no report.
void compare_with_baseline(report& r, const std::string& path, double most);

}  // namespace backproof::flow
