// The stream of frames between the host and the worker.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace backproof::worker {

class channel {
 public:
  // Takes stdin and stdout for the protocol, and leaves /dev/null and stderr in their places.
  static channel take_standard_streams();

  // None at the end of the stream. Throws format_error when the stream makes no sense from here on.
  std::optional<std::vector<std::byte>> read();
  void write(std::span<const std::byte> bytes);

 private:
  channel(int in, int out) : in_(in), out_(out) {}
  void extend(std::vector<std::byte>& frame, std::size_t more);
  std::size_t fill(std::vector<std::byte>& frame, std::size_t at);

  int in_, out_;
};

}  // namespace backproof::worker
