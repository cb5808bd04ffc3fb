// From the --adapter argument to subjects.
#pragma once

#include <atomic>
#include <string>

#include "backproof/judge/subject.hpp"
#include "cli/adapter_limits.hpp"

namespace backproof::cli {

// Empty, or "reference": the reference itself. Once `stop` is set, no answer is waited for (stdio_options). An adapter
// that does not shut down well is told of on standard error, once. Throws adapter_error when there is no such adapter.
subject_factory subjects_of(const std::string& adapter, const adapter_limits& limits = {},
                            const std::atomic<bool>* stop = nullptr);

// Adds the ops that a subject brings along to those that are known, before any op is selected.
void introduce_ops_of(const subject& s);

}  // namespace backproof::cli
