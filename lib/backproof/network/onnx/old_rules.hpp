// Translates nodes of older versions of ONNX's operators to the newest version.
#pragma once

#include "backproof/network/onnx/call.hpp"

namespace backproof::networks {

void modernise(onnx_call& c);

// Before opset 13, softmax is taken over all axes from the given one on, as if they were one.
std::vector<port> softmax(onnx_call& c);

bool trains(const onnx_call& dropout);

shape in_two(const shape& x, index_t axis);  // the axes before, and those from there on, as one each

}  // namespace backproof::networks
