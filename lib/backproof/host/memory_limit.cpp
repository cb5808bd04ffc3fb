#include "backproof/host/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace backproof::host {

// A container sees its own limit at the root of the hierarchy of control groups; "max" says that there is none.
std::uint64_t usual_memory_limit() {
  auto memory =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::uint64_t limit = 0;
    if (std::ifstream(file) >> limit && limit > 0) memory = std::min(memory, limit);
  }
  return memory / 4 * 3;
}

}  // namespace backproof::host
