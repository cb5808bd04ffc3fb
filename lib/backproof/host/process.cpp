#include "backproof/host/process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "backproof/host/helper_programs.hpp"
#include "backproof/host/spawn.hpp"
#include "backproof/host/supervision.hpp"
#include "backproof/judge/subject.hpp"

namespace backproof::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t errors_kept = std::size_t{64} << 10;
constexpr auto glance = 50ms;        // how often it is seen whether to stop
constexpr auto longest_start = 10s;  // of a supervisor: it has next to nothing to load
constexpr auto longest_end = 5s;     // until a supervisor reports that it has ended everybody
constexpr double gib = 1024. * 1024 * 1024;

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
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  if (const char* name = ::sigabbrev_np(signal)) return std::string("SIG") + name;
#endif
  return fmt::format("signal {}", signal);
}

int milliseconds_until(clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

}  // namespace

process::process(const std::vector<std::string>& command, supervision how) : how_(std::move(how)) {
  if (command.empty() || command[0].empty()) throw adapter_error("an empty command");
  const std::string program = how_.program.empty() ? helper_program("backproof-supervisor") : how_.program;
  spawned s = spawn_supervised(program, how_.memory, how_.address_space, command);
  supervisor_ = s.supervisor;
  in_ = std::move(s.in), out_ = std::move(s.out), err_ = std::move(s.err), line_ = std::move(s.line);
  mark_ = std::move(s.mark);
  await_start(command[0]);
}

// What has no destructor yet must not leave anybody behind when it throws.
void process::await_start(const std::string& name) {
  pollfd line{line_.get(), POLLIN, 0};
  const clock::time_point deadline = clock::now() + longest_start;
  while (line.revents == 0 && !told_to_stop() && clock::now() < deadline) ::poll(&line, 1, patience(deadline));
  supervisor_report first;
  const ssize_t n = line.revents == 0 ? -1 : ::recv(line_.get(), &first, sizeof first, MSG_DONTWAIT);
  if (n == sizeof first && first.what == supervised::started) return;
  const bool refused = n == sizeof first && first.what == supervised::not_started;
  const std::string why = refused             ? std::strerror(first.error)
                          : told_to_stop()    ? "interrupted"
                          : line.revents != 0 ? "its supervisor ended"
                                              : "its supervisor does not answer";
  abandon();
  throw adapter_error(fmt::format("cannot execute {}: {}", one_line(name), why));
}

process::outcome process::write(std::span<const std::byte> bytes, clock::time_point deadline) {
  const without_sigpipe guard;
  for (bool first = true; !bytes.empty(); first = false) {
    short in_ready = 0, out_ready = 0;
    const bool ready = wait_for(POLLOUT, POLLIN, first ? clock::now() : deadline, in_ready, out_ready);
    if (out_ready & POLLIN) return outcome::unasked;
    if (!ready && !first) return told_to_stop() ? outcome::stopped : outcome::late;
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
      if (!into.empty() && clock::now() >= deadline) return outcome::late;  // however fast it pours
    } else if (n < 0 && errno == EAGAIN) {
      short in_ready = 0, out_ready = 0;
      if (!wait_for(0, POLLIN, deadline, in_ready, out_ready)) return told_to_stop() ? outcome::stopped : outcome::late;
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

// For poll(): until the deadline, in steps that are short enough to notice that we are to stop.
int process::patience(clock::time_point deadline) const {
  const int left = milliseconds_until(deadline);
  return how_.stop == nullptr ? left : std::min(left, static_cast<int>(std::chrono::milliseconds(glance).count()));
}

// Polls for events on the two protocol pipes, draining standard error meanwhile. False if the deadline came first, or
// the word to stop.
bool process::wait_for(short in_events, short out_events, clock::time_point deadline, short& in_ready,
                       short& out_ready) {
  while (true) {
    std::array<pollfd, 4> fds = {{{in_events != 0 ? in_.get() : -1, in_events, 0},
                                  {out_.get(), out_events, 0},
                                  {err_.get(), POLLIN, 0},
                                  {line_.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), patience(deadline)) < 0) {
      if (errno != EINTR) return false;
      for (pollfd& f : fds) f.revents = 0;
    }
    in_ready = fds[0].revents;
    out_ready = fds[1].revents;
    if (fds[2].revents != 0) drain_errors();
    if (fds[3].revents != 0) hear();  // after which nobody holds the other ends any more
    if (in_ready != 0 || out_ready != 0) return true;
    if (told_to_stop() || clock::now() >= deadline) return false;
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

bool process::wait(clock::time_point deadline) { return wait_for_report(deadline, true); }

bool process::wait_for_report(clock::time_point deadline, bool heed_stop) {
  while (running()) {
    std::array<pollfd, 2> fds = {{{line_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
    const bool due = clock::now() >= deadline || (heed_stop && told_to_stop());
    if (::poll(fds.data(), fds.size(), due ? 0 : patience(deadline)) < 0) continue;
    if (fds[1].revents != 0) drain_errors();
    if (fds[0].revents != 0)
      hear();
    else if (due)
      return false;
  }
  return true;
}

// The last report, or that there will be none because the supervisor is gone.
void process::hear() {
  supervisor_report r;
  const ssize_t n = ::recv(line_.get(), &r, sizeof r, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != sizeof r) {
    abandon();
    ending_ = "its supervisor was killed";
    return;
  }
  if (r.held > 0)
    ending_ = fmt::format("ended for its memory: its processes held {:.2f} GiB, and {:.2f} GiB is the limit",
                          static_cast<double>(r.held) / gib, static_cast<double>(how_.memory) / gib);
  else if (r.signal != 0)
    ending_ = "killed by " + name_of_signal(r.signal);
  else if (r.exit_code != 0)
    ending_ = fmt::format("exit code {}", r.exit_code);
  drain_errors();
  line_.close();
  reap_supervisor();
}

// A supervisor that does not do its work, for nobody but the adapter itself can have stopped it.
void process::abandon() {
  ::kill(supervisor_, SIGKILL);
  kill_marked(mark_);
  drain_errors();
  line_.close();
  reap_supervisor();
}

// One that waits for a process stuck in the kernel is left behind rather than waited for.
void process::reap_supervisor() {
  const clock::time_point deadline = clock::now() + 1s;
  while (::waitpid(supervisor_, nullptr, WNOHANG) == 0 && clock::now() < deadline) std::this_thread::sleep_for(1ms);
  supervisor_ = -1;
}

void process::stop() {
  if (!running()) return;
  ::kill(supervisor_, SIGCONT);
  ::shutdown(line_.get(), SHUT_WR);  // ends the line, in the direction in which we could talk
  if (wait_for_report(clock::now() + longest_end, false)) return;
  abandon();
  ending_ = "its supervisor did not answer";
}

void process::finish() {
  close_input();
  if (!wait(clock::now() + 2s)) stop();
}

std::string process::ending() const {
  if (running()) return "still running";
  return ending_.empty() ? "exit code 0" : ending_;
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
