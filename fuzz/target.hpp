// A fuzz target: a reader of what comes from outside, and a few small inputs that it accepts, from which the fuzzer
// sets out. Each file in readers/ and with_ops/ defines both functions; driver.cpp is the rest of the program.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace backproof::fuzz {

// Whatever the bytes are, it returns or throws an error that is not misuse. All else is a finding: another exception, a
// signal, what a sanitizer reports, more memory or time than scripts/fuzz allows.
void try_to_read(std::string_view bytes);

std::vector<std::string> seeds();

// For readers of files: the path of a file that holds these bytes. It is overwritten by the next call with this ending.
std::string file_with(std::string_view bytes, const std::string& ending);

// Ends the process, for the fuzzer to keep the input: something holds that must not.
[[noreturn]] void found(const std::string& what);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace backproof::fuzz
