// ONNX models as networks.
//
// Graph inputs become inputs with drawn values, initializers become parameters if an op has a gradient with respect to
// them, nodes become ops of the catalogue, and nodes that only compute shapes are evaluated here. A model without a
// loss is given one:  sum_i v_i y_i  with drawn v, so that the gradient is the VJP with the cotangent v. docs/onnx.md
// says more.
#pragma once

#include <string>
#include <string_view>

#include "backproof/network/graph/network.hpp"

namespace backproof::networks {

// Tensors stored beside the model are read from `folder`. Throws invalid_input with one line that names the
// node and what is wrong with it, or all that the catalogue does not have.
network network_of_onnx(std::string_view bytes, const std::string& folder, const reading& how);

}  // namespace backproof::networks
