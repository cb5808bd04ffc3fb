// How much memory an adapter may hold unless somebody says otherwise.
#pragma once

#include <cstdint>

namespace backproof::host {

// Three quarters of the machine's memory, or of the container's where that has less.
std::uint64_t usual_memory_limit();

}  // namespace backproof::host
