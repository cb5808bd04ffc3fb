// The processes that descend from this one, as /proc has them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace backproof::supervisor {

struct relative {
  pid_t pid, parent;
};

// Everyone, the dead who are not reaped included. Complete if nobody forks meanwhile.
std::vector<relative> descendants();

// The same in microseconds instead of milliseconds on kernels that list children, so that even a process which forks
// and exits all the time is met alive. It may miss some while they fork.
std::vector<relative> descendants_at_once();

// Sends a signal to a relative, and to nobody else: where processes come and go by the thousand, the number of one that
// has died is soon somebody else's. 0, or errno; ESRCH if it is gone.
int send(const relative& to, int signal);

// Bytes of memory that they hold. Where the sum of what each has resident exceeds `most`, pages that they share are
// counted once.
std::uint64_t memory_held(const std::vector<relative>& family, std::uint64_t most);

}  // namespace backproof::supervisor
