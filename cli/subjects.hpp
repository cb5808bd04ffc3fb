// From the --adapter argument to subjects.
#pragma once

#include <string>

#include "backproof/judge/subject.hpp"

namespace backproof::cli {

// Empty, or "reference": the reference itself. `call_seconds` is the deadline for each answer, 0 for the usual one.
// Throws adapter_error when there is no such adapter.
subject_factory subjects_of(const std::string& adapter, double call_seconds = 0);

// Adds the ops that a subject brings along to those that are known, before any op is selected.
void introduce_ops_of(const subject& s);

}  // namespace backproof::cli
