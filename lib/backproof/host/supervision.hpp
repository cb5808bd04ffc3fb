// What the host and backproof-supervisor have to agree on. The supervisor is a small program without libraries, so this
// is plain data.
//
//   backproof-supervisor MEMORY ADDRESS_SPACE COMMAND [ARGUMENT..]     limits in bytes, 0 for none
//
// At descriptor 3 it finds the line to its host, a socket that keeps messages apart. The host says nothing on it: that
// the line has ended is the word to end the adapter with all its processes, and it ends by itself when the host dies.
// The supervisor reports twice: that the adapter was started or could not be, and how it ended.
#pragma once

#include <cstdint>

namespace backproof::host {

constexpr int supervisor_line = 3;

enum class supervised : std::int32_t { started = 1, not_started = 2, ended = 3 };

struct supervisor_report {
  supervised what = supervised::started;
  std::int32_t error = 0;      // not started: errno of exec
  std::int32_t exit_code = 0;  // ended: of its first process
  std::int32_t signal = 0;     // ended: the signal that killed it, else 0
  std::uint64_t held = 0;      // ended for holding so many bytes of memory, else 0
};

}  // namespace backproof::host
