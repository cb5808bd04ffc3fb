// An ONNX model while it is being imported.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backproof/network/onnx/imported.hpp"

namespace backproof::networks {

// Each throws invalid_input with one line that names the node and what is wrong with it, or all that the
// catalogue does not have.
std::shared_ptr<onnx::ModelProto> parsed_onnx(std::string_view bytes);
onnx_import imported(const onnx::ModelProto& model, const std::string& folder, const reading& how);

}  // namespace backproof::networks
