// Tests whether an adapter itself is sound. Nothing here judges gradients: it is about the protocol, so that a fault of
// the adapter is never taken for a wrong gradient.
#pragma once

#include <string>
#include <vector>

#include "backproof/host/open.hpp"

namespace backproof::host {

struct adapter_finding {
  std::string name;  // what was claimed: "echo returns f32 bit for bit"
  bool ok = false;
  std::string detail;  // one line: of a failure why, else what was found
};

// Always the same claims in the same order; those that could not be tried have failed, with the reason as detail.
std::vector<adapter_finding> check_adapter(const adapter_command& command, const stdio_options& options = {});

}  // namespace backproof::host
