// A report file that appears whole or not at all: written beside its place, then renamed. What is no regular file, such
// as /dev/stdout, is written to as it is.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "backproof/tensor/safetensors.hpp"
#include "cli/exit_codes.hpp"

namespace backproof::cli {

class output_file {
 public:
  // Opening comes before any work is done, so that a path that cannot be written costs nobody an hour.
  explicit output_file(std::string path)
      : path_(target_of(path)), direct_(std::filesystem::exists(path_) && !std::filesystem::is_regular_file(path_)) {
    if (!direct_) temporary_ = path_ + "." + std::to_string(::getpid()) + ".tmp";
    stream_.open(direct_ ? path_ : temporary_);
    if (!stream_) fail();
  }
  ~output_file() {
    if (!direct_ && !committed_) std::remove(temporary_.c_str());
  }
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  std::ostream& stream() { return stream_; }

  void commit() {
    stream_.close();
    if (stream_.fail() || (!direct_ && std::rename(temporary_.c_str(), path_.c_str()) != 0)) fail();
    committed_ = true;
  }

 private:
  // A link stays a link: what it points to is written.
  static std::string target_of(const std::string& path) {
    std::error_code none;
    const bool link_to_file = std::filesystem::is_symlink(path, none) && std::filesystem::is_regular_file(path, none);
    return link_to_file ? std::filesystem::canonical(path).string() : path;
  }

  [[noreturn]] void fail() const { throw stop_with(exit_usage, "cannot write " + path_ + ": " + std::strerror(errno)); }

  std::string path_, temporary_;
  bool direct_;
  bool committed_ = false;
  std::ofstream stream_;
};

inline void write(output_file& file, const safetensors& s) {
  const std::vector<std::byte> bytes = encode(s);
  file.stream().write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.commit();
}

}  // namespace backproof::cli
