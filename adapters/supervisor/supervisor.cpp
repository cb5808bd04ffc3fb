// backproof-supervisor: stands between the host and an adapter, so that no process of the adapter outlives either of
// them. How the host speaks to it: backproof/host/supervision.hpp.
//
// Every orphan among the adapter's descendants becomes a child of this process, whatever sessions and groups it has
// made (PR_SET_CHILD_SUBREAPER), so a walk from here finds them all. To end them it stops them first, until nobody new
// is found: who is stopped forks no more, so that what is killed then is everybody. The tree is ended
//   - when the line to the host ends, which it does however the host dies: SIGTERM, half a second, SIGKILL;
//   - when the adapter's first process has ended, or holds too much memory: SIGKILL.
//
// No PID namespace is made. The kernel would then end the tree even if this process were killed, but it takes a user
// namespace to make one without privileges, and within these an implementation is another than the one that its users
// run: groups lose their names, /proc/<getpid()> is somebody else, set-user-ID programs and drivers that pass process
// ids around fail. Where containers or security modules forbid it, it would have to work without all the same.
//
// So what remains is an adapter that attacks: one that kills or stops this process (its first process then dies with
// this one, the host ends what carries its mark in the environment, and if the host dies as well the rest lives on);
// one whose processes each make a session, fork and exit, faster than they are read from /proc; and one that has a
// service outside of the tree start a process, which no walk and no namespace would find.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "backproof/host/supervision.hpp"
#include "supervisor/process_tree.hpp"

namespace backproof::supervisor {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using host::supervised;
using host::supervisor_line;
using host::supervisor_report;

constexpr auto grace = 500ms;            // between SIGTERM and SIGKILL
constexpr auto memory_interval = 200ms;  // at which memory is looked at
constexpr auto report_at_latest = 1s;    // after which the host is told though somebody is stuck in the kernel
constexpr auto longest_refusal = 10s;    // of processes that we may not kill, as after sudo

struct limits {
  std::uint64_t memory = 0, address_space = 0;
};

void tell_host(const supervisor_report& r) { ::send(supervisor_line, &r, sizeof r, MSG_NOSIGNAL); }

// In the child: never returns. What cannot be executed is told through the pipe, which a success closes.
[[noreturn]] void become(char** command, const limits& most, int failure) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int reason = 0;
  if (most.address_space > 0) {
    const rlimit l{most.address_space, most.address_space};
    if (::setrlimit(RLIMIT_AS, &l) != 0) reason = errno;
  }
  if (reason == 0) {
    ::execvp(command[0], command);
    reason = errno;
  }
  while (::write(failure, &reason, sizeof reason) < 0 && errno == EINTR) continue;
  ::_exit(127);
}

class keeper {
 public:
  explicit keeper(const limits& most) : most_(most) {}

  // False, with the reason, if the command could not be executed.
  bool start(char** command, int& reason) {
    int failure[2];
    if (::pipe2(failure, O_CLOEXEC) != 0) return reason = errno, false;
    first_ = ::fork();
    if (first_ < 0) return reason = errno, false;
    if (first_ == 0) become(command, most_, failure[1]);
    ::setpgid(first_, first_);
    ::close(failure[1]);
    ssize_t n = 0;
    while ((n = ::read(failure[0], &reason, sizeof reason)) < 0 && errno == EINTR) continue;
    ::close(failure[0]);
    return n == 0;
  }

  // Until the adapter has ended, or has to.
  void watch(int signals) {
    clock::time_point look = clock::now() + memory_interval;
    while (!over_) {
      pollfd fds[2] = {{supervisor_line, POLLIN, 0}, {signals, POLLIN, 0}};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(look - clock::now()).count();
      ::poll(fds, 2, most_.memory == 0 ? -1 : static_cast<int>(std::max<std::int64_t>(left, 0)));
      bool told = fds[0].revents != 0;  // the host never writes
      signalfd_siginfo s{};
      if (fds[1].revents != 0 && ::read(signals, &s, sizeof s) == sizeof s) told |= s.ssi_signo != SIGCHLD;
      reap();
      if (over_) break;
      if (told) return let_go(signals);
      if (most_.memory > 0 && clock::now() >= look) {
        const std::uint64_t held = memory_held(descendants_at_once(), most_.memory);
        if (held > most_.memory) {
          ending_.held = held;
          break;
        }
        look = clock::now() + memory_interval;
      }
    }
    end_all();
  }

 private:
  // The dead, adopted ones too.
  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != first_) continue;
      over_ = true;
      ending_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
      ending_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
  }

  // An orderly end for those who want one.
  void let_go(int signals) {
    send_all(descendants(), SIGTERM);
    const clock::time_point until = clock::now() + grace;
    while (!over_ && clock::now() < until) {
      pollfd wakes{signals, POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
      signalfd_siginfo s{};
      if (::poll(&wakes, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0)
        while (::read(signals, &s, sizeof s) < 0 && errno == EINTR) continue;
      reap();
    }
    end_all();
  }

  // Returns how many we have no right to signal.
  static int send_all(const std::vector<relative>& family, int signal) {
    int refused = 0;
    for (const relative& r : family) refused += send(r, signal) == EPERM;
    return refused;
  }

  static void freeze() {
    std::vector<pid_t> frozen;
    for (bool news = true; news;) {
      news = false;
      std::vector<relative> fresh;
      for (const relative& r : descendants_at_once())
        if (std::find(frozen.begin(), frozen.end(), r.pid) == frozen.end()) {
          fresh.push_back(r);
          frozen.push_back(r.pid);
          news = true;
        }
      send_all(fresh, SIGSTOP);
    }
  }

  void end_all() {
    const clock::time_point begin = clock::now();
    bool told = false;
    for (auto pause = 1ms;; pause = std::min(2 * pause, std::chrono::milliseconds(100))) {
      freeze();
      const std::vector<relative> left = descendants();
      const int refused = send_all(left, SIGKILL);
      reap();
      const auto spent = clock::now() - begin;
      const bool hopeless = refused == static_cast<int>(left.size()) && spent > longest_refusal;
      if (left.empty() || hopeless) break;
      if (!told && spent > report_at_latest) report(told);
      std::this_thread::sleep_for(pause);
    }
    if (!told) report(told);
  }

  void report(bool& told) {
    ending_.what = supervised::ended;
    tell_host(ending_);
    told = true;
  }

  limits most_;
  pid_t first_ = -1;
  bool over_ = false;  // the first process has been reaped
  supervisor_report ending_;
};

// The adapter has the standard streams: were they open here as well, their ends would never be seen.
void leave_standard_streams() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
}

int blocked_signals() {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t heard;
  sigemptyset(&heard);
  for (const int s : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&heard, s);
  return ::signalfd(-1, &heard, SFD_CLOEXEC);
}

int supervise(char** arguments) {
  const limits most{std::strtoull(arguments[0], nullptr, 10), std::strtoull(arguments[1], nullptr, 10)};
  ::fcntl(supervisor_line, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int signals = blocked_signals();
  keeper k(most);
  supervisor_report first;
  const bool started = k.start(arguments + 2, first.error);
  first.what = started ? supervised::started : supervised::not_started;
  leave_standard_streams();
  tell_host(first);
  if (started) k.watch(signals);
  return 0;
}

bool is_line(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace
}  // namespace backproof::supervisor

int main(int argc, char** argv) {
  using namespace backproof;
  if (argc < 4 || !supervisor::is_line(host::supervisor_line)) {
    std::fputs("backproof-supervisor: backproof starts this, and ends an adapter's processes through it\n", stderr);
    return 4;
  }
  return supervisor::supervise(argv + 1);
}
