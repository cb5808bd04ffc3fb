#include "backproof/host/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "backproof/judge/subject.hpp"

namespace backproof::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t errors_kept = std::size_t{64} << 10;

struct pipe_ends {
  file_descriptor read, write;
};

// Ends above 2 only: should the host run with a standard stream closed, a pipe must not take its place, for it would
// be overwritten while the child's streams are put in order.
file_descriptor lifted(int fd) {
  if (fd > 2) return file_descriptor(fd);
  const file_descriptor low(fd);
  return file_descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

pipe_ends make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw adapter_error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  pipe_ends ends;
  ends.read = lifted(fds[0]);
  ends.write = lifted(fds[1]);
  if (ends.read.get() < 0 || ends.write.get() < 0) throw adapter_error("cannot make a pipe: too many open files");
  return ends;
}

// Only our end of a pipe: the child's end stays blocking, as programs expect of their standard streams.
void set_nonblocking(const file_descriptor& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

// Our environment, with what makes numbers repeatable: one thread, one locale, one time zone. Python writes no
// bytecode files beside an installed adapter.
std::vector<std::string> child_environment() {
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
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_plan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
};

// A write to a pipe whose reader has died raises SIGPIPE in the writing thread. A library may not change the handler
// of the whole process, so the signal is blocked in this thread and taken away if it came.
class without_sigpipe {
 public:
  without_sigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~without_sigpipe() {
    const timespec at_once{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  without_sigpipe(const without_sigpipe&) = delete;
  without_sigpipe& operator=(const without_sigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

std::string name_of_signal(int signal) {
  switch (signal) {
    case SIGABRT:
      return "SIGABRT";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGKILL:
      return "SIGKILL";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGTERM:
      return "SIGTERM";
    default:
      return fmt::format("signal {}", signal);
  }
}

int milliseconds_until(clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

}  // namespace

void file_descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

process::process(const std::vector<std::string>& command) {
  if (command.empty() || command[0].empty()) throw adapter_error("an empty command");
  pipe_ends in = make_pipe(), out = make_pipe(), err = make_pipe();
  spawn_plan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, in.read.get(), 0);
  posix_spawn_file_actions_adddup2(&plan.actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&plan.actions, err.write.get(), 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);  // files that other code opened without close-on-exec
#endif
  std::vector<std::string> words = command, env = child_environment();
  const int trouble = ::posix_spawnp(&pid_, words[0].c_str(), &plan.actions, &plan.attributes, pointers(words).data(),
                                     pointers(env).data());
  if (trouble != 0) {
    pid_ = -1;
    throw adapter_error(fmt::format("cannot execute {}: {}", one_line(words[0]), std::strerror(trouble)));
  }
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  for (const file_descriptor* fd : {&in_, &out_, &err_}) set_nonblocking(*fd);
}

process::outcome process::write(std::span<const std::byte> bytes, clock::time_point deadline) {
  const without_sigpipe guard;
  for (bool first = true; !bytes.empty(); first = false) {
    short in_ready = 0, out_ready = 0;
    const bool ready = wait_for(POLLOUT, POLLIN, first ? clock::now() : deadline, in_ready, out_ready);
    if (out_ready & POLLIN) return outcome::unasked;
    if (!ready && !first) return outcome::late;
    const ssize_t n = ::write(in_.get(), bytes.data(), bytes.size());
    if (n > 0)
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    else if (errno != EAGAIN && errno != EINTR)
      return outcome::closed;
    if (out_ready & POLLHUP) return outcome::closed;
  }
  return outcome::done;
}

process::outcome process::read(std::span<std::byte> into, clock::time_point deadline) {
  while (!into.empty()) {
    const ssize_t n = ::read(out_.get(), into.data(), into.size());
    if (n > 0) {
      into = into.subspan(static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      short in_ready = 0, out_ready = 0;
      if (!wait_for(0, POLLIN, deadline, in_ready, out_ready)) return outcome::late;
    } else if (n == 0 || errno != EINTR) {
      return outcome::closed;
    }
  }
  return outcome::done;
}

std::string process::available() {
  std::array<char, 64> some{};
  const ssize_t n = ::read(out_.get(), some.data(), some.size());
  return n > 0 ? std::string(some.data(), static_cast<std::size_t>(n)) : std::string();
}

// Polls for events on the two protocol pipes, draining standard error meanwhile. False if the deadline came first.
bool process::wait_for(short in_events, short out_events, clock::time_point deadline, short& in_ready,
                       short& out_ready) {
  while (true) {
    std::array<pollfd, 3> fds = {
        {{in_events != 0 ? in_.get() : -1, in_events, 0}, {out_.get(), out_events, 0}, {err_.get(), POLLIN, 0}}};
    const int timeout = milliseconds_until(deadline);
    if (::poll(fds.data(), fds.size(), timeout) < 0 && errno != EINTR) return false;
    in_ready = fds[0].revents;
    out_ready = fds[1].revents;
    if (fds[2].revents != 0) drain_errors();
    if (in_ready != 0 || out_ready != 0) return true;
    if (timeout == 0) return false;
  }
}

// At most one pipe's capacity at a time, so that a flood cannot keep us from looking at the clock.
void process::drain_errors() {
  std::array<char, 16384> chunk;
  for (int k = 0; k < 4 && err_.get() >= 0; ++k) {
    const ssize_t n = ::read(err_.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return err_.close();
    errors_.append(chunk.data(), static_cast<std::size_t>(n));
    if (errors_.size() > errors_kept) errors_.erase(0, errors_.size() - errors_kept);
  }
}

// Looks without reaping: as long as the dead leader is not reaped, its group's number cannot go to somebody else, so
// the group can be killed safely.
bool process::has_ended() {
  siginfo_t info{};
  const bool known = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (known && info.si_pid == 0) return false;
  if (!known)
    exit_code_ = -1;  // somebody else reaped it
  else if (info.si_code == CLD_EXITED)
    exit_code_ = info.si_status;
  else
    signal_ = info.si_status;
  ::kill(-pid_, SIGKILL);
  drain_errors();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return true;
}

bool process::wait(clock::time_point deadline) {
  while (running() && !has_ended()) {
    if (clock::now() >= deadline) return false;
    pollfd errors{err_.get(), POLLIN, 0};
    if (::poll(&errors, 1, 2) > 0) drain_errors();
  }
  return true;
}

void process::stop() {
  if (!running()) return;
  ::kill(-pid_, SIGTERM);
  if (wait(clock::now() + 2s)) return;
  ::kill(-pid_, SIGKILL);
  wait(clock::now() + 5s);  // a process stuck in the kernel is left behind rather than waited for
}

void process::finish() {
  close_input();
  if (!wait(clock::now() + 2s)) stop();
}

std::string process::ending() const {
  if (running()) return "still running";
  return signal_ != 0 ? "killed by " + name_of_signal(signal_) : fmt::format("exit code {}", exit_code_);
}

std::string process::last_words() const {
  std::vector<std::string_view> lines;
  for (std::string_view rest = errors_; !rest.empty() && lines.size() < 3;) {
    const std::size_t cut = rest.rfind('\n');
    const std::string_view line = cut == std::string_view::npos ? rest : rest.substr(cut + 1);
    const std::size_t text = line.find_first_not_of(" \t\r");
    if (text != std::string_view::npos) lines.push_back(line.substr(text));
    rest = cut == std::string_view::npos ? std::string_view() : rest.substr(0, cut);
  }
  std::string out;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    out += (out.empty() ? "" : " | ") + one_line(*line, 200);
  return out;
}

}  // namespace backproof::host
