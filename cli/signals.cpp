#include "cli/signals.hpp"

#include <unistd.h>

#include <csignal>

#include "cli/exit_codes.hpp"

namespace backproof::cli {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a handler may not wait for a lock");

extern "C" void interrupt(int) {
  if (interrupted.exchange(true)) ::_exit(exit_interrupted);
}

bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

const std::atomic<bool>& heed_signals() {
  struct sigaction heed {};
  heed.sa_handler = interrupt;
  heed.sa_flags = SA_RESTART;  // a report that is being written is written whole
  sigemptyset(&heed.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (signal != SIGHUP || !is_ignored(signal)) ::sigaction(signal, &heed, nullptr);
  return interrupted;
}

}  // namespace backproof::cli
