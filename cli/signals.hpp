// What Ctrl-C, `kill` and a terminal that closes do to a long run.
#pragma once

#include <atomic>

namespace backproof::cli {

// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag, which is returned, and the second ends the program at
// once with exit_interrupted; what an adapter was doing is ended by its supervisor. A SIGHUP that whoever started us
// has ignored (nohup) stays ignored.
const std::atomic<bool>& heed_signals();

}  // namespace backproof::cli
