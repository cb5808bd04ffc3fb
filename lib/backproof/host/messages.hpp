// The messages that the host and an adapter exchange inside of frames, as values. Nothing here does I/O.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backproof/judge/subject.hpp"
#include "backproof/op/own_op.hpp"
#include "backproof/op/scope.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::host {

// One line of the capability document. An op may have several: they add up.
struct capability {
  std::string op, domain;
  bool forward = false, vjp = false, jvp = false;
  std::vector<dtype> dtypes;
  bool native = true;                     // false: computed through another dtype
  std::map<dtype, dtype> accumulators;    // format of its sums, where it is not the usual one
  std::string limits;                     // what it cannot, in words
  std::string convention;                 // what it promises to do at kinks, "ties: first" or "slope 0"
  std::optional<scope_part> takes;        // of an op that backproof knows; everything if there is none
  std::optional<own_op_description> own;  // how to draw it, if it gives its signature
};

struct capabilities {
  std::string name, version, framework, framework_version, language;
  bool deterministic = true;
  std::vector<call_condition> under;
  std::vector<capability> ops;
};

// Codes of an adapter's errors: the first is JSON-RPC's, the others are gRPC's (docs/adapters.md).
enum error_code { method_not_found = -32601, invalid_argument = 3, unimplemented = 12 };

// Throws adapter_error: one line that names the place in the document. Unknown members are ignored.
capabilities parse_capabilities(const std::string& result);
void require_protocol(const std::string& initialize_result);

std::string initialize_params(std::chrono::milliseconds call_deadline);

struct request {
  std::string params;  // JSON
  std::vector<std::pair<std::string, tensor>> tensors;
};
request run_request(mode m, const op& o, const sample& s);

// The changes that the answer reports; none if it does not say whether anything was changed.
std::optional<std::vector<std::string>> told_changes(const std::string& result);

// The tensors that an answer to `run` names. Throws adapter_error if their number is wrong or a name is not there.
std::vector<std::optional<tensor>> answered_tensors(mode m, const std::string& result, std::size_t expected,
                                                    const safetensors& frame);

}  // namespace backproof::host
