// Exit codes, a contract that scripts rely on (docs/verdicts.md).
#pragma once

#include <string>

#include "backproof/base/error.hpp"

namespace backproof::cli {

enum exit_code : int {
  exit_ok = 0,      // nothing failed
  exit_failed = 1,  // a fail, or nothing was tested
  exit_interrupted = 2,
  exit_internal = 3,  // a defect of backproof itself
  exit_usage = 4,     // usage, configuration or unreadable input
  exit_nothing = 5,   // nothing selected
  exit_adapter = 6,   // the adapter could not start, or broke
};

// Ends a command with a one-line message on stderr and the given code.
class stop_with : public error {
 public:
  stop_with(exit_code c, const std::string& message) : error(message), code(c) {}
  exit_code code;
};

}  // namespace backproof::cli
