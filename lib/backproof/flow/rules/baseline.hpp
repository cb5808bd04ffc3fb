// Comparison with an earlier record: which layers have changed since.
#pragma once

#include <string>

#include "backproof/flow/measure/record.hpp"

namespace backproof::flow {

// Adds a finding GF012 for each layer whose gain moved by more than `most` decades since the record in `path`, and for
// layers that came or went. Throws format_error if it is no record.
void compare_with_baseline(flow_record& r, const std::string& path, double most);

}  // namespace backproof::flow
