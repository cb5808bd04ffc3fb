// An adapter's process with pipes to its standard streams, driven with deadlines.
//
// It runs under backproof-supervisor, in a session of its own: whatever it starts is ended with it, and all of it ends
// when this program does, even by SIGKILL. Its standard error is drained whenever we wait for anything, so that it
// never blocks on writing to it; the last 64 KiB are kept. Pipes are created close-on-exec, so children that other
// threads start at the same time do not inherit them: an inherited end would keep a sibling's end-of-file from ever
// arriving.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/base/text.hpp"
#include "backproof/host/file_descriptor.hpp"

namespace backproof::host {

using clock = std::chrono::steady_clock;

// How a process is kept in bounds.
struct supervision {
  std::string program;                      // backproof-supervisor; empty: it is looked for (helper_programs.hpp)
  std::uint64_t memory = 0;                 // bytes that all its processes may hold together; 0: any number
  std::uint64_t address_space = 0;          // RLIMIT_AS of each; 0: none
  const std::atomic<bool>* stop = nullptr;  // once it is set, nothing is waited for any more
};

class process {
 public:
  enum class outcome {
    done,
    closed,   // the child closed its end, most likely by dying
    late,     // the deadline passed
    stopped,  // somebody set supervision::stop
    unasked,  // the child wrote to its standard output before it had read the whole request
  };

  // Finds the first word as a shell would, in PATH. Throws adapter_error if it cannot be executed.
  explicit process(const std::vector<std::string>& command, supervision how = {});
  ~process() { finish(); }
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  outcome write(std::span<const std::byte> bytes, clock::time_point deadline);
  outcome read(std::span<std::byte> into, clock::time_point deadline);
  std::string available();  // what can be read from standard output at once, at most 64 bytes

  void close_input() { in_.close(); }
  // For its end; whether it came. What is left of the processes that it started is gone by then.
  bool wait(clock::time_point deadline);
  void stop();    // SIGTERM to all of them, SIGKILL half a second later
  void finish();  // end of input first, which asks for an orderly end

  bool running() const { return supervisor_ > 0; }
  bool ended_well() const { return !running() && ending_.empty(); }
  std::string ending() const;  // "exit code 3", "killed by SIGABRT", or that it held too much memory

  const std::string& errors() const { return errors_; }  // the last 64 KiB of its standard error
  std::string last_words() const;                        // the last lines of that, on one line

 private:
  bool wait_for(short in_events, short out_events, clock::time_point deadline, short& in_ready, short& out_ready);
  void drain_errors();
  void await_start(const std::string& name);
  bool wait_for_report(clock::time_point deadline, bool heed_stop);
  void hear();
  void abandon();
  void reap_supervisor();
  bool told_to_stop() const { return how_.stop != nullptr && *how_.stop; }
  int patience(clock::time_point deadline) const;

  const supervision how_;
  pid_t supervisor_ = -1;
  file_descriptor in_, out_, err_;  // our ends of its standard streams
  file_descriptor line_;            // to its supervisor
  std::string mark_;                // in the environment of each of its processes
  std::string ending_;              // empty: exit code 0
  std::string errors_;
};

using backproof::one_line;  // what an adapter says is told in one line

}  // namespace backproof::host
