// ONNX models as networks.
//
// Graph inputs become inputs with drawn values, initializers become parameters where an op has a gradient by them,
// nodes become ops of the catalogue, and what exporters compute of shapes is computed here. A model without a loss is
// given one:  sum_i v_i y_i  with drawn v, so that the gradient is the VJP of the cotangent v. docs/onnx.md says more.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "networks/network.hpp"
#include "networks/onnx_tensor.hpp"

namespace backproof::networks {

struct onnx_output {
  std::string name;
  onnx_type type;
  port at;
};

struct onnx_import {
  network net;  // its output is the model's first
  std::vector<onnx_output> outputs;
};

// Each throws std::invalid_argument with one line that names the node and what is wrong with it, or all that the
// catalogue has not.
std::shared_ptr<onnx::ModelProto> parsed_onnx(std::string_view bytes);
onnx_import imported(const onnx::ModelProto& model, const std::string& folder, const reading& how);
network network_of_onnx(std::string_view bytes, const std::string& folder, const reading& how);

}  // namespace backproof::networks
