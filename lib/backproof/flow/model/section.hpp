// Sections: parts of a graph with a single input and a single output.
#pragma once

#include <optional>
#include <vector>

#include "backproof/network/graph/network.hpp"

namespace backproof::flow {

struct section {
  networks::port entry;            // the one value that it takes of those that depend on the network's first input
  std::vector<std::size_t> nodes;  // in order; the first output of the last one is all that others see of it
};

// Whether each node depends on a port.
std::vector<bool> depending_on(const networks::network& n, networks::port p);

// The smallest one that holds this node and has more than so many; none if there is none before the loss.
std::optional<section> section_around(const networks::network& n, std::size_t node, std::size_t more_than = 0);

}  // namespace backproof::flow
