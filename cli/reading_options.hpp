// What a network's file may leave open, as options.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "backproof/network/graph/network.hpp"

namespace backproof::cli {

std::shared_ptr<networks::reading> add_reading(CLI::App& command);

// Only what a description may ask for, where ONNX models have no options.
void add_outside(CLI::App& command, const std::shared_ptr<networks::reading>& how);

}  // namespace backproof::cli
