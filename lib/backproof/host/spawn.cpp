#include "backproof/host/spawn.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "backproof/host/supervision.hpp"
#include "backproof/judge/subject.hpp"

namespace backproof::host {
namespace {

struct two_ends {
  file_descriptor ours, theirs;
};

// Ends above the supervisor's line only: should the host run with a standard stream closed, a pipe must not take its
// place, for it would be overwritten while the child's descriptors are put in order.
file_descriptor lifted(int fd) {
  if (fd > supervisor_line) return file_descriptor(fd);
  const file_descriptor low(fd);
  return file_descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, supervisor_line + 1));
}

two_ends lifted(int ours, int theirs) {
  two_ends ends{lifted(ours), lifted(theirs)};
  if (ends.ours.get() < 0 || ends.theirs.get() < 0) throw adapter_error("cannot make a pipe: too many open files");
  return ends;
}

two_ends make_pipe(bool we_write) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw adapter_error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  two_ends ends = lifted(fds[we_write ? 1 : 0], fds[we_write ? 0 : 1]);
  // Only our end: the child's stays blocking, as programs expect of their standard streams.
  ::fcntl(ends.ours.get(), F_SETFL, ::fcntl(ends.ours.get(), F_GETFL) | O_NONBLOCK);
  return ends;
}

two_ends make_line() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    throw adapter_error(fmt::format("cannot make a socket: {}", std::strerror(errno)));
  return lifted(fds[0], fds[1]);
}

std::string new_mark() {
  static std::atomic<unsigned> count = 0;
  std::random_device random;
  return fmt::format("BACKPROOF_SUPERVISED={}-{}-{:08x}{:08x}", ::getpid(), ++count, random(), random());
}

// Our environment, with what makes numbers repeatable: one thread, one locale, one time zone. Python writes no
// bytecode files beside an installed adapter.
std::vector<std::string> child_environment(const std::string& mark) {
  std::vector<std::string> env;
  for (char** e = environ; *e != nullptr; ++e) env.emplace_back(*e);
  const auto set = [&](const std::string& name, const std::string& value, bool replace) {
    const auto found = std::find_if(env.begin(), env.end(), [&](auto& e) { return e.starts_with(name + "="); });
    if (found == env.end())
      env.push_back(name + "=" + value);
    else if (replace)
      *found = name + "=" + value;
  };
  for (const char* threads : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) set(threads, "1", false);
  set("PYTHONDONTWRITEBYTECODE", "1", false);
  set("LC_ALL", "C", true);
  set("TZ", "UTC", true);
  const std::size_t equals = mark.find('=');
  set(mark.substr(0, equals), mark.substr(equals + 1), true);
  return env;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& t : texts) out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

// posix_spawn instead of fork: a fork of a threaded process may run into locks that other threads held.
struct spawn_plan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  spawn_plan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // What the host ignores or blocks, it must not ignore or block in the child.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // In a session of its own: no signal of our terminal reaches the adapter, nor can it get hold of the terminal.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_plan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
};

bool has_mark(const std::string& pid, const std::string& mark) {
  std::ifstream file("/proc/" + pid + "/environ", std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return ('\0' + text).find('\0' + mark + '\0') != std::string::npos;
}

std::size_t kill_marked_once(const std::string& mark) {
  std::size_t found = 0;
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr) return 0;
  while (const dirent* e = ::readdir(processes)) {
    if (std::isdigit(static_cast<unsigned char>(e->d_name[0])) == 0 || !has_mark(e->d_name, mark)) continue;
    ++found;
    ::kill(static_cast<pid_t>(std::atoi(e->d_name)), SIGKILL);
  }
  ::closedir(processes);
  return found;
}

}  // namespace

spawned spawn_supervised(const std::string& program, std::uint64_t memory, std::uint64_t address_space,
                         const std::vector<std::string>& command) {
  two_ends in = make_pipe(true), out = make_pipe(false), err = make_pipe(false), line = make_line();
  spawn_plan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, in.theirs.get(), 0);
  posix_spawn_file_actions_adddup2(&plan.actions, out.theirs.get(), 1);
  posix_spawn_file_actions_adddup2(&plan.actions, err.theirs.get(), 2);
  posix_spawn_file_actions_adddup2(&plan.actions, line.theirs.get(), supervisor_line);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  // Files that other code opened without close-on-exec.
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, supervisor_line + 1);
#endif
  spawned s;
  s.mark = new_mark();
  std::vector<std::string> words = {program, std::to_string(memory), std::to_string(address_space)};
  words.insert(words.end(), command.begin(), command.end());
  std::vector<std::string> env = child_environment(s.mark);
  const int trouble = ::posix_spawn(&s.supervisor, program.c_str(), &plan.actions, &plan.attributes,
                                    pointers(words).data(), pointers(env).data());
  if (trouble != 0) throw adapter_error(fmt::format("cannot execute {}: {}", program, std::strerror(trouble)));
  s.in = std::move(in.ours);
  s.out = std::move(out.ours);
  s.err = std::move(err.ours);
  s.line = std::move(line.ours);
  return s;
}

// Some may have been made while the others were looked for.
void kill_marked(const std::string& mark) {
  using namespace std::chrono_literals;
  for (int round = 0; round < 100 && kill_marked_once(mark) > 0; ++round) std::this_thread::sleep_for(5ms);
}

}  // namespace backproof::host
