// What a network's file may leave open, as options.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "backproof/network/graph/network.hpp"

namespace backproof::cli {

std::shared_ptr<networks::reading> add_reading(CLI::App& command);

}  // namespace backproof::cli
