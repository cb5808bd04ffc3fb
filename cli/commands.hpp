// The commands. Each adds itself to the command line, and puts what it is to do into `chosen` when it is parsed.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace backproof::cli {

using action = std::function<int()>;  // returns the exit code

void add_check(CLI::App& app, action& chosen);
void add_replay(CLI::App& app, action& chosen);
void add_lists(CLI::App& app, action& chosen);    // ops, checks, adapters
void add_adapter(CLI::App& app, action& chosen);  // adapter check

}  // namespace backproof::cli
