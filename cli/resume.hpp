// check --resume: what a run that was cut off has done already.
#pragma once

#include "backproof/run/event_log.hpp"
#include "cli/check_options.hpp"

namespace backproof::cli {

// What was asked for in the run that is to be gone on with is asked for again: the options become those. Its adapter is
// a command, which no file may start; it has to be given. Nothing without --resume. Throws stop_with if an option
// contradicts the log.
event_log earlier_run(check_options& o);

// The subject is the same as then.
void require_same_subject(const check_options& o, const event_log& earlier, const run_info& now);

}  // namespace backproof::cli
