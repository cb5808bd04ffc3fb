// Starts an adapter under its supervisor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "backproof/host/file_descriptor.hpp"

namespace backproof::host {

// Our ends. The standard streams are the adapter's own; the supervisor keeps none of them.
struct spawned {
  pid_t supervisor = -1;
  file_descriptor in, out, err;
  file_descriptor line;  // to the supervisor (supervision.hpp)
  std::string mark;      // a NAME=VALUE in the environment of all its processes, and of no others
};

// Throws adapter_error if there is no supervisor at `program`. Whether the adapter itself could be executed is what the
// supervisor reports first.
spawned spawn_supervised(const std::string& program, std::uint64_t memory, std::uint64_t address_space,
                         const std::vector<std::string>& command);

// Ends, for a supervisor that cannot do so any more, every process that has the mark in its environment.
void kill_marked(const std::string& mark);

}  // namespace backproof::host
