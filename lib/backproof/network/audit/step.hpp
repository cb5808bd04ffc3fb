// A recorded training step: every value of the forward pass and every gradient of the backward pass, as safetensors.
//
//   input/NAME    weight/NAME    inputs and parameters; the network's own are used for those that are missing
//   value/LAYER   the output of a layer                        value/LAYER:1 of a second output
//   delta/LAYER   the gradient of the loss by that output      delta/NAME of an input
//   grad/NAME     the gradient of the loss by a parameter
#pragma once

#include "backproof/network/graph/network.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::networks {

std::string value_name(const network& n, port p);  // "value/conv1", "input/x", "weight/conv1.W"
std::string delta_name(const network& n, port p);  // "delta/conv1", "grad/conv1.W"
// Parameters go by their names in PyTorch too, "grad/conv1.weight". Null if the step does not have the tensor.
const tensor* value_in(const safetensors& step, const network& n, port p);
const tensor* delta_in(const safetensors& step, const network& n, port p);

// The reference's step, rounded to f64.
safetensors step_of(const network& n, const evaluation& f);

// Puts the inputs and weights of a step into the network. Throws format_error if one is of the wrong shape or not
// finite, or if the step holds a tensor of no meaning to this network.
void take_leaves(network& n, const safetensors& step);

}  // namespace backproof::networks
