#include "cli/live_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "backproof/base/whole_file.hpp"

namespace backproof::cli {

live_file::live_file(std::string path) : path_(std::move(path)), stream_(this) {
  // O_NONBLOCK only for opening: a FIFO that nobody reads is told instead of waited for.
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  struct stat about {};
  if (fd_ < 0 || ::fstat(fd_, &about) != 0) cannot_write(path_, errno);
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  regular_ = S_ISREG(about.st_mode);
}

live_file::~live_file() { ::close(fd_); }

void live_file::begin_at(std::uint64_t bytes) {
  if (!regular_) return;
  const auto end = static_cast<off_t>(bytes);
  if (::ftruncate(fd_, end) != 0 || ::lseek(fd_, end, SEEK_SET) < 0) cannot_write(path_, errno);
  size_ = bytes;
}

live_file::int_type live_file::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  line_ += traits_type::to_char_type(c);
  if (line_.back() == '\n') write_line();
  return c;
}

std::streamsize live_file::xsputn(const char* text, std::streamsize n) {
  for (std::streamsize k = 0; k < n; ++k) overflow(traits_type::to_int_type(text[k]));
  return n;
}

void live_file::write_line() {
  const std::string line = std::exchange(line_, {});
  if (!trouble_.empty()) return;
  if (const int error = write_all(fd_, line); error != 0) {
    trouble_ = "cannot write " + path_ + ": " + std::strerror(error);
    if (regular_ && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0) trouble_ += "; its last line is not whole";
    return;
  }
  size_ += line.size();
}

}  // namespace backproof::cli
