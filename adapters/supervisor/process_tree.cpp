#include "supervisor/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <string>

namespace backproof::supervisor {
namespace {

// The beginning of a small file; empty if it is not there, as when the process has just ended.
std::string text_of(const std::string& path) {
  char text[4096];
  std::string out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  for (ssize_t n = 0; (n = ::read(fd, text, sizeof text)) > 0;) out.append(text, static_cast<std::size_t>(n));
  ::close(fd);
  return out;
}

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

template <class Each>
void each_number_in(const std::string& folder, Each each) {
  DIR* d = ::opendir(folder.c_str());
  if (d == nullptr) return;
  while (const dirent* e = ::readdir(d))
    if (std::isdigit(static_cast<unsigned char>(e->d_name[0])) != 0)
      each(static_cast<pid_t>(std::strtol(e->d_name, nullptr, 10)));
  ::closedir(d);
}

// "17 (a name with ) in it) S 1 ...": what follows the last parenthesis is state and parent. 0 if it is not there.
pid_t parent_of(pid_t pid) {
  const std::string stat = text_of(folder_of(pid) + "/stat");
  const std::size_t name_ends = stat.rfind(')');
  constexpr std::size_t state_takes = 4;  // ") S "
  if (name_ends == std::string::npos || stat.size() < name_ends + state_takes) return 0;
  return static_cast<pid_t>(std::strtol(stat.c_str() + name_ends + state_takes, nullptr, 10));
}

bool kernel_lists_children() {
  static const bool there = [] {
    const std::string self = std::to_string(::getpid());
    return ::access(("/proc/" + self + "/task/" + self + "/children").c_str(), R_OK) == 0;
  }();
  return there;
}

void add_children(pid_t of, std::vector<pid_t>& to) {
  each_number_in(folder_of(of) + "/task", [&](pid_t thread) {
    const std::string list = text_of(folder_of(of) + "/task/" + std::to_string(thread) + "/children");
    for (const char* at = list.c_str(); *at != '\0';) {
      char* after = nullptr;
      const long pid = std::strtol(at, &after, 10);
      if (after == at) break;
      to.push_back(static_cast<pid_t>(pid));
      at = after;
      while (*at == ' ') ++at;
    }
  });
}

// In pages, of /proc/PID/statm.
std::uint64_t resident_pages(pid_t pid) {
  const std::string text = text_of(folder_of(pid) + "/statm");
  const std::size_t second = text.find(' ');
  return second == std::string::npos ? 0 : std::strtoull(text.c_str() + second, nullptr, 10);
}

// In bytes, with an n-th of each page that n processes share. It takes the kernel a walk over all pages.
std::uint64_t own_share(pid_t pid, std::uint64_t otherwise) {
  const std::string text = text_of(folder_of(pid) + "/smaps_rollup");
  const std::size_t at = text.find("\nPss:");
  return at == std::string::npos ? otherwise : std::strtoull(text.c_str() + at + 5, nullptr, 10) * 1024;
}

}  // namespace

std::vector<relative> descendants() {
  std::vector<relative> all;
  each_number_in("/proc", [&](pid_t pid) { all.push_back({pid, parent_of(pid)}); });
  std::vector<relative> family = {{::getpid(), 0}};
  for (std::size_t at = 0; at < family.size(); ++at) {
    const pid_t parent = family[at].pid;
    std::copy_if(all.begin(), all.end(), std::back_inserter(family), [&](auto& r) { return r.parent == parent; });
  }
  family.erase(family.begin());
  return family;
}

std::vector<relative> descendants_at_once() {
  if (!kernel_lists_children()) return descendants();
  std::vector<relative> family = {{::getpid(), 0}};
  for (std::size_t at = 0; at < family.size(); ++at) {
    const pid_t parent = family[at].pid;
    std::vector<pid_t> children;
    add_children(parent, children);
    for (const pid_t child : children)  // one that moves while the lists are read stands in two of them
      if (std::none_of(family.begin(), family.end(), [&](auto& r) { return r.pid == child; }))
        family.push_back({child, parent});
  }
  family.erase(family.begin());
  return family;
}

// The handle stays with the process that has the number now; who its parent is tells whether that is the relative. An
// orphan is our own child by then.
int send(const relative& to, int signal) {
  const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, to.pid, 0));
  if (handle < 0 && errno != ENOSYS) return errno;
  const pid_t parent = parent_of(to.pid);
  int trouble = 0;
  if (parent != to.parent && parent != ::getpid())
    trouble = ESRCH;
  else if (handle < 0)  // a kernel before 5.3
    trouble = ::kill(to.pid, signal) == 0 ? 0 : errno;
  else if (::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0) != 0)
    trouble = errno;
  if (handle >= 0) ::close(handle);
  return trouble;
}

std::uint64_t memory_held(const std::vector<relative>& family, std::uint64_t most) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t resident = 0;
  for (const relative& r : family) resident += resident_pages(r.pid) * page;
  if (resident <= most || family.size() < 2) return resident;
  std::uint64_t shares = 0;
  for (const relative& r : family) shares += own_share(r.pid, resident_pages(r.pid) * page);
  return shares;
}

}  // namespace backproof::supervisor
