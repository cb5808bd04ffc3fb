// Which ops of the catalogue a node of an ONNX model stands for, in every version of ONNX's operators.
#pragma once

#include "backproof/network/onnx/call.hpp"

namespace backproof::networks {

bool has_rule(const std::string& op);

// The node's outputs, as many as the catalogue has. Throws unsupported if the catalogue does not have what the node
// needs, and invalid_input if the node is wrong.
std::vector<port> translated(onnx_call c);

// Whether the node hands its first input on as it is: Identity, Dropout when it does not train, Cast between floats.
bool hands_on(const onnx_call& c);

onnx_type type_of_result(const onnx_call& c);

}  // namespace backproof::networks
