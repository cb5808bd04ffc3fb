// Networks from files, as the commands read them.
#pragma once

#include <fmt/format.h>

#include <string>

#include "backproof/network/graph/network.hpp"
#include "cli/exit_codes.hpp"

namespace backproof::cli {

inline networks::network network_in(const std::string& path, const networks::reading& how = {}) {
  try {
    return networks::read_network(path, how);
  } catch (const std::exception& e) {
    throw stop_with(exit_usage, e.what());
  }
}

// Forwards and backwards; what an op cannot evaluate is told in one line.
inline networks::evaluation evaluated(const networks::network& n, const std::string& path) {
  try {
    return networks::evaluate(n.g);
  } catch (const std::invalid_argument& e) {
    throw stop_with(exit_usage, fmt::format("{}: {}", path, e.what()));
  } catch (const std::bad_alloc&) {
    throw stop_with(exit_usage, fmt::format("{}: there is not memory enough for this network", path));
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
