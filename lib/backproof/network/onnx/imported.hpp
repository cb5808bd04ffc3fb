// The result of importing an ONNX model.
#pragma once

#include <string>
#include <vector>

#include "backproof/network/graph/network.hpp"
#include "backproof/network/onnx/tensor.hpp"

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

}  // namespace backproof::networks
