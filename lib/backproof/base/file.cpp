#include "backproof/base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "backproof/base/error.hpp"
#include "backproof/base/text.hpp"

namespace backproof {
namespace {

constexpr std::size_t block = std::size_t{1} << 16;

[[noreturn]] void cannot_read(const std::string& path, int reason) {
  throw file_error(fmt::format("cannot read {}: {}", path, std::strerror(reason)));
}

// The whole file into a container of bytes. The first step is what the file seems to need, one byte more to see its
// end, but never more than is read at all.
template <class Container>
Container whole(const std::string& path, std::size_t most) {
  open_file file(path);
  const auto refuse = [&] {
    throw invalid_input(fmt::format("{}: larger than {} bytes, the most that is read", path, most));
  };
  if (file.size() > most) refuse();
  Container all;
  for (std::size_t step = static_cast<std::size_t>(file.size()) + 1;; step = block) {
    const std::size_t had = all.size();
    all.resize(had + step);
    const std::size_t got = file.read(std::as_writable_bytes(std::span(all.data() + had, step)));
    all.resize(had + got);
    if (all.size() > most) refuse();
    if (got < step) return all;
  }
}

}  // namespace

open_file::open_file(std::string path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)),
      size_(0) {
  if (descriptor_ < 0) {
    if (errno == ENXIO) throw file_error(path_ + ": not a regular file");  // a socket
    cannot_read(path_, errno);
  }
  struct stat about {};
  const int reason = ::fstat(descriptor_, &about) == 0 ? 0 : errno;
  if (reason == 0 && S_ISREG(about.st_mode)) {
    size_ = static_cast<std::uint64_t>(about.st_size);
    return;
  }
  ::close(descriptor_);
  if (reason != 0) cannot_read(path_, reason);
  throw file_error(path_ + ": not a regular file");
}

open_file::~open_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

open_file::open_file(open_file&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

void open_file::seek(std::uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) cannot_read(path_, errno);
}

std::size_t open_file::read(std::span<std::byte> into) {
  std::size_t got = 0;
  while (got < into.size()) {
    const ssize_t n = ::read(descriptor_, into.data() + got, into.size() - got);
    if (n == 0) break;
    if (n > 0)
      got += static_cast<std::size_t>(n);
    else if (errno != EINTR)
      cannot_read(path_, errno);
  }
  return got;
}

std::vector<std::byte> read_bytes(const std::string& path, std::size_t most) {
  return whole<std::vector<std::byte>>(path, most);
}

std::string read_text(const std::string& path, std::size_t most) { return whole<std::string>(path, most); }

std::string path_inside(const std::string& folder, const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code trouble;
  const fs::path root = fs::weakly_canonical(fs::absolute(folder.empty() ? "." : folder, trouble), trouble);
  const fs::path found = trouble ? fs::path() : fs::weakly_canonical(root / name, trouble);
  if (trouble) throw file_error(fmt::format("cannot read {}: {}", quotable(name), trouble.message()));
  const fs::path back = found.lexically_relative(root);
  if (back.empty() || *back.begin() == "..")
    throw invalid_input(fmt::format("'{}' lies outside of the folder", quotable(name)));
  return found.string();
}

// Keeps what has not been given yet, and reads one block more.
bool file_lines::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + block);
  const std::size_t got = file_.read(std::as_writable_bytes(std::span(buffer_.data() + had, block)));
  buffer_.resize(had + got);
  ended_ = got < block;
  return got > 0;
}

bool file_lines::next(std::string_view& line) {
  std::size_t searched = 0;  // of the rest of the buffer: no byte is looked at twice
  std::size_t end = std::string::npos;
  for (;;) {
    end = buffer_.find('\n', at_ + searched);
    searched = (end == std::string::npos ? buffer_.size() : end) - at_;
    if (searched > longest_)
      throw invalid_input(fmt::format("{}: line {}: longer than {} bytes", file_.path(), number_ + 1, longest_));
    if (end != std::string::npos || ended_ || !fill()) break;
  }
  if (end == std::string::npos && at_ == buffer_.size()) return false;
  line = std::string_view(buffer_).substr(at_, searched);
  whole_ = end != std::string::npos;
  at_ = whole_ ? end + 1 : buffer_.size();
  ++number_;
  return true;
}

}  // namespace backproof
