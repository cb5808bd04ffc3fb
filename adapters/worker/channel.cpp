#include "worker/channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "backproof/host/frame_limits.hpp"
#include "worker/trouble.hpp"

namespace backproof::worker {
namespace {

// After a failed read or write: returns when it is worth trying again. Parents may hand over non-blocking pipes.
void wait(int fd, short events, const char* what) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    pollfd p{fd, events, 0};
    ::poll(&p, 1, -1);
  } else if (errno != EINTR) {
    throw fatal(exit_internal, fmt::format("cannot {} the host: {}", what, std::strerror(errno)));
  }
}

}  // namespace

channel channel::take_standard_streams() {
  const int in = ::fcntl(0, F_DUPFD_CLOEXEC, 3), out = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in < 0 || out < 0 || null < 0 || ::dup2(null, 0) < 0 || ::dup2(2, 1) < 0)
    throw fatal(exit_internal, fmt::format("cannot take over stdin and stdout: {}", std::strerror(errno)));
  ::close(null);
  return {in, out};
}

std::optional<std::vector<std::byte>> channel::read() {
  std::vector<std::byte> frame(8);
  const std::size_t got = fill(frame, 0);
  if (got == 0) return std::nullopt;
  if (got < frame.size()) throw format_error("the stream ends inside of a frame");
  const std::size_t n = header_bytes(std::span<const std::byte>(frame).first<8>());
  if (n > host::max_frame_header_bytes)
    throw format_error(fmt::format("a header of {} bytes; at most {} are read", n, host::max_frame_header_bytes));
  extend(frame, n);
  const std::string_view header(reinterpret_cast<const char*>(frame.data()) + 8, frame.size() - 8);
  extend(frame, payload_bytes(header));
  return frame;
}

void channel::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(out_, bytes.data(), bytes.size());
    if (n >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    else
      wait(out_, POLLOUT, "write to");
  }
}

void channel::extend(std::vector<std::byte>& frame, std::size_t more) {
  const std::size_t had = frame.size();
  frame.resize(had + more);
  if (fill(frame, had) < frame.size()) throw format_error("the stream ends inside of a frame");
}

// Reads until the frame is full or the stream ends; returns how far it came.
std::size_t channel::fill(std::vector<std::byte>& frame, std::size_t at) {
  while (at < frame.size()) {
    const ssize_t n = ::read(in_, frame.data() + at, frame.size() - at);
    if (n == 0) break;
    if (n > 0)
      at += static_cast<std::size_t>(n);
    else
      wait(in_, POLLIN, "read from");
  }
  return at;
}

}  // namespace backproof::worker
