// A child process with pipes to its standard streams, driven with deadlines.
//
// The child leads a process group of its own, so that whatever it starts can be ended with it. Its standard error is
// drained whenever we wait for anything, so that the child never blocks on writing to it; the last 64 KiB are kept.
// Pipes are created close-on-exec, so children that other threads start at the same time do not inherit them: an
// inherited end would keep a sibling's end-of-file from ever arriving.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backproof/base/text.hpp"

namespace backproof::host {

using clock = std::chrono::steady_clock;

class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int fd) : fd_(fd) {}
  file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_descriptor() { close(); }

  int get() const { return fd_; }
  void close();

 private:
  int fd_ = -1;  // poll() skips negative ones
};

class process {
 public:
  enum class outcome {
    done,
    closed,   // the child closed its end, most likely by dying
    late,     // the deadline passed
    unasked,  // the child wrote to its standard output before it had read the whole request
  };

  // Finds the first word as a shell would, in PATH. Throws adapter_error if it cannot be executed.
  explicit process(const std::vector<std::string>& command);
  ~process() { finish(); }
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  outcome write(std::span<const std::byte> bytes, clock::time_point deadline);
  outcome read(std::span<std::byte> into, clock::time_point deadline);
  std::string available();  // what can be read from standard output at once, at most 64 bytes

  void close_input() { in_.close(); }
  bool wait(clock::time_point deadline);  // for its end; whether it came. Takes the whole group down with it
  void stop();                            // SIGTERM to the group, SIGKILL two seconds later
  void finish();                          // end of input first, which asks for an orderly end

  bool running() const { return pid_ > 0; }
  bool ended_well() const { return !running() && signal_ == 0 && exit_code_ == 0; }
  std::string ending() const;  // "exit code 3" or "killed by SIGABRT"

  const std::string& errors() const { return errors_; }  // the last 64 KiB of its standard error
  std::string last_words() const;                        // the last lines of that, on one line

 private:
  bool wait_for(short in_events, short out_events, clock::time_point deadline, short& in_ready, short& out_ready);
  void drain_errors();
  bool has_ended();

  pid_t pid_ = -1;
  file_descriptor in_, out_, err_;  // our ends of its standard streams
  int exit_code_ = 0, signal_ = 0;
  std::string errors_;
};

using backproof::one_line;  // what an adapter says is told in one line

}  // namespace backproof::host
