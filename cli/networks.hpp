// Networks from files, as the commands read them.
#pragma once

#include <fmt/format.h>

#include <string>

#include "backproof/network/graph/network.hpp"
#include "cli/exit_codes.hpp"

namespace backproof::cli {

inline networks::network network_in(const std::string& path, const networks::reading& how) {
  return networks::read_network(path, how);
}

// Forwards and backwards; what an op cannot evaluate is told in one line.
inline networks::evaluation evaluated(const networks::network& n, const std::string& path) {
  try {
    return networks::evaluate(n.g);
  } catch (const invalid_input& e) {
    throw stop_with(exit_usage, fmt::format("{}: {}", path, e.what()));
  }
}

// For what needs a gradient.
inline void require_loss(const networks::network& n, const std::string& path) {
  const auto out = n.g.output();
  if (size_of(n.g.shape_of(out)) != 1)
    throw stop_with(exit_usage, fmt::format("{}: the last layer, {}, gives {}, not one number: there is no loss to "
                                            "differentiate",
                                            path, n.name_of(out), to_string(n.g.shape_of(out))));
}

}  // namespace backproof::cli
