// The part of a model that is computed before the network runs: shapes, and what exporters compute from them.
#pragma once

#include "backproof/network/onnx/call.hpp"

namespace backproof::networks {

bool can_only_be_folded(const std::string& op);  // the catalogue has none of the name

// The node's first outputs, if all that it needs is known. A weight is no constant.
std::optional<std::vector<onnx_constant>> folded(const onnx_call& c);

}  // namespace backproof::networks
