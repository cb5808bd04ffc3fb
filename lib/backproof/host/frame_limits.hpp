// How long the header of a frame may be. It is checked before memory is taken for it, and it bounds the time that it
// takes to read one.
#pragma once

#include <cstddef>
#include <string_view>

#include "backproof/tensor/safetensors.hpp"

namespace backproof::host {

constexpr std::size_t max_frame_header_bytes = std::size_t{1} << 20;  // of every request, and of most answers

// The answers that tell what an adapter is and offers may be as long as the header of a file.
constexpr std::size_t max_answer_header_bytes(std::string_view method) {
  return method == "initialize" || method == "describe" ? max_header_bytes : max_frame_header_bytes;
}

}  // namespace backproof::host
