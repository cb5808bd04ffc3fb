// Values for the attributes that a description leaves out: ONNX's defaults, and torch.nn's for ops that ONNX does not
// have.
#pragma once

#include <span>

#include "backproof/op/op.hpp"

namespace backproof::networks {

// All attributes of the op: those given, the rest by default. Numbers that are given as integers become what the op
// wants. Throws invalid_input if one is unknown to the op, of the wrong type, or missing without a default.
attributes completed(const op& o, const attributes& given, std::span<const shape> inputs);

}  // namespace backproof::networks
