// A report file that appears whole or not at all: written beside its place, then renamed.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "cli/exit_codes.hpp"

namespace backproof::cli {

class output_file {
 public:
  // Opening comes before any work is done, so that a path that cannot be written costs nobody an hour.
  explicit output_file(std::string path)
      : path_(std::move(path)), temporary_(path_ + "." + std::to_string(::getpid()) + ".tmp"), stream_(temporary_) {
    if (!stream_) fail();
  }
  ~output_file() {
    if (!committed_) std::remove(temporary_.c_str());
  }
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  std::ostream& stream() { return stream_; }
  const std::string& path() const { return path_; }

  void commit() {
    stream_.close();
    if (stream_.fail() || std::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
    committed_ = true;
  }

 private:
  [[noreturn]] void fail() const { throw stop_with(exit_usage, "cannot write " + path_ + ": " + std::strerror(errno)); }

  std::string path_, temporary_;
  std::ofstream stream_;
  bool committed_ = false;
};

}  // namespace backproof::cli
