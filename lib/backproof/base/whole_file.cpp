#include "backproof/base/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "backproof/base/error.hpp"

namespace backproof {
namespace {

namespace fs = std::filesystem;

std::string target_of(const std::string& path) {
  std::error_code none;
  const bool link_to_file = fs::is_symlink(path, none) && fs::is_regular_file(path, none);
  return link_to_file ? fs::canonical(path).string() : path;
}

bool is_special(const std::string& path) {
  std::error_code none;
  return fs::exists(path, none) && !fs::is_regular_file(path, none);
}

// A new file beside the target; it goes again unless it takes the target's place.
class temporary {
 public:
  explicit temporary(std::string target) : target_(std::move(target)) {
    std::random_device random;
    do {
      name_ = fmt::format("{}.{:08x}.tmp", target_, random());
      fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    } while (fd_ < 0 && errno == EEXIST);
    if (fd_ < 0) cannot_write(target_, errno);
  }
  ~temporary() {
    if (fd_ >= 0) ::close(fd_);
    if (!renamed_) ::unlink(name_.c_str());
  }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;

  void become(std::string_view bytes) {
    int trouble = write_all(fd_, bytes);
    if (::close(std::exchange(fd_, -1)) != 0 && trouble == 0) trouble = errno;
    if (trouble == 0 && std::rename(name_.c_str(), target_.c_str()) != 0) trouble = errno;
    if (trouble != 0) cannot_write(target_, trouble);
    renamed_ = true;
  }

 private:
  std::string target_, name_;
  int fd_ = -1;
  bool renamed_ = false;
};

void write_as_it_is(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) cannot_write(path, errno);
  const int trouble = write_all(fd, bytes);
  ::close(fd);
  if (trouble != 0) cannot_write(path, trouble);
}

}  // namespace

void write_whole_file(const std::string& path, std::string_view bytes) {
  const std::string target = target_of(path);
  if (is_special(target)) return write_as_it_is(target, bytes);
  temporary(target).become(bytes);
}

void require_writable(const std::string& path) {
  const std::string target = target_of(path);
  std::error_code none;
  if (fs::is_directory(target, none)) cannot_write(path, EISDIR);
  if (!is_special(target))
    const temporary tried(target);
  else if (::access(target.c_str(), W_OK) != 0)
    cannot_write(path, errno);
}

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return errno;
    bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  return 0;
}

void cannot_write(const std::string& path, int error_number) {
  throw file_error(fmt::format("cannot write {}: {}", path, std::strerror(error_number)));
}

}  // namespace backproof
