// The safetensors container: on disk for counterexamples, on the wire for adapters.
//
// Layout: u64 little-endian N, N bytes of JSON, then tensor bytes. The JSON maps names to {dtype, shape, data_offsets}
// and "__metadata__" to strings. Everything read is untrusted: sizes, ranks and offsets are checked before anything
// is allocated (base/limits.hpp), and a file that overlaps, leaves holes or claims more than it holds is refused.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backproof/base/limits.hpp"
#include "backproof/tensor/tensor.hpp"

namespace backproof {

struct safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<std::pair<std::string, tensor>> tensors;  // in the order of their bytes

  const tensor* find(const std::string& name) const;  // null if there is none
};

// One line: what is wrong, and where in the file.
class format_error : public invalid_input {
 public:
  using invalid_input::invalid_input;
};

constexpr std::size_t max_header_bytes = limits::header_bytes;
constexpr std::size_t max_payload_bytes = limits::payload_bytes;

std::vector<std::byte> encode(const safetensors& s);  // the header is padded with spaces to a multiple of 8
safetensors decode(std::span<const std::byte> whole, std::size_t most_header_bytes = max_header_bytes);

// For streams: after the first 8 bytes, how long the JSON is, at most `most`; after the JSON, how long the tensor bytes
// are.
std::size_t header_bytes(std::span<const std::byte, 8> prefix, std::size_t most = max_header_bytes);
std::size_t payload_bytes(std::string_view header);

void write_file(const std::string& path, const safetensors& s);  // whole or not at all; throws file_error
safetensors read_file(const std::string& path);                  // throws format_error or file_error

// Text to a file in the same way: into a temporary file beside it, then renamed.

}  // namespace backproof
