// The bounds of an adapter, as options: time and memory.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>

namespace backproof::cli {

struct adapter_limits {
  double call_seconds = 0;              // for each answer; 0 for the usual deadline
  std::optional<std::uint64_t> memory;  // bytes that all its processes hold, 0 for any number; none: the usual limit
  std::uint64_t address_space = 0;      // of each process; 0 for no limit
};

std::shared_ptr<adapter_limits> add_adapter_limits(CLI::App& command);

// For a number of seconds: NaN lies within no bounds.
CLI::Validator seconds_within(double least, double most);

// Bytes of "512MiB", "8G" (which is 8 GiB as well) or "none"; no value if it is no size.
std::optional<std::uint64_t> parse_size(const std::string& text);

}  // namespace backproof::cli
