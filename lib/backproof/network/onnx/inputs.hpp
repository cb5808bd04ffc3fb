// Fills in what a network needs and an ONNX model leaves open: extents, values of the inputs, a loss.
#pragma once

#include "backproof/network/onnx/call.hpp"
#include "backproof/network/onnx/imported.hpp"

namespace backproof::networks {

onnx_type type_of_input(const onnx::ValueInfoProto& v);  // throws unsupported if it is no tensor of numbers
// Extents that are not known: by their name, or that of the batch if the axis is the first.
shape shape_of_input(const onnx::ValueInfoProto& v, const reading& how);
attribute attribute_of(const onnx::AttributeProto& a);

struct whole_input {
  port at;
  onnx_type type;
};
// Draws normal numbers or, where integers are wanted, valid indices for their use.
void draw_inputs(network& n, const std::vector<whole_input>& whole, std::uint64_t seed);

// The first output if it is one number, else the sum of v_i y_i over all outputs.
void give_objective(onnx_import& done, std::uint64_t seed);

}  // namespace backproof::networks
