// The two ways in which something goes wrong: the process ends, or one request fails.
#pragma once

#include <stdexcept>
#include <string>

namespace backproof::worker {

// Why the process ends: with this exit code, and what() on stderr.
class fatal : public std::runtime_error {
 public:
  fatal(int code, const std::string& message) : std::runtime_error(message), exit_code(code) {}
  int exit_code;
};
constexpr int exit_internal = 3, exit_unreadable = 4, exit_no_adapter = 6;

// Why one request fails. Negative codes are JSON-RPC's, positive ones are a bp_status.
class rpc_error : public std::runtime_error {
 public:
  rpc_error(int error_code, const std::string& message) : std::runtime_error(message), code(error_code) {}
  int code;
};
constexpr int parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602;

}  // namespace backproof::worker
