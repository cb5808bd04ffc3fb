// The commands. Each adds itself to the command line, and puts what it is to do into `chosen` when it is parsed.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

namespace backproof::cli {

using action = std::function<int()>;  // returns the exit code

// The program as it was called, so that a replay command can be pasted as it stands.
inline std::string program = "backproof";

void add_check(CLI::App& app, action& chosen);
void add_replay(CLI::App& app, action& chosen);
void add_lists(CLI::App& app, action& chosen);    // ops, checks, adapters
void add_adapter(CLI::App& app, action& chosen);  // adapter check
void add_graph(CLI::App& app, action& chosen);
void add_flow(CLI::App& app, action& chosen);
void add_net(CLI::App& app, action& chosen);
void add_train(CLI::App& app, action& chosen);
void add_audit(CLI::App& app, action& chosen);
void add_mutants(CLI::App& app, action& chosen);

}  // namespace backproof::cli
