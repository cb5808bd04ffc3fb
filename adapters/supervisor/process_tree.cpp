#include "supervisor/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
    if (std::isdigit(static_cast<unsigned char>(e->d_name[0])) != 0) each(static_cast<pid_t>(std::atoi(e->d_name)));
  ::closedir(d);
}

struct entry {
  pid_t pid = 0, parent = 0, group = 0;
};

// "17 (a name with ) in it) S 1 17 ...": what follows the last parenthesis is state, parent, group.
entry entry_of(pid_t pid) {
  const std::string stat = text_of(folder_of(pid) + "/stat");
  const std::size_t name_ends = stat.rfind(')');
  entry e;
  char state = 0;
  if (name_ends != std::string::npos &&
      std::sscanf(stat.c_str() + name_ends + 1, " %c %d %d", &state, &e.parent, &e.group) == 3)
    e.pid = pid;
  return e;
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
  unsigned long long size = 0, resident = 0;
  return std::sscanf(text_of(folder_of(pid) + "/statm").c_str(), "%llu %llu", &size, &resident) == 2 ? resident : 0;
}

// In bytes, with an n-th of each page that n processes share. It takes the kernel a walk over all pages.
std::uint64_t own_share(pid_t pid, std::uint64_t otherwise) {
  const std::string text = text_of(folder_of(pid) + "/smaps_rollup");
  const std::size_t at = text.find("\nPss:");
  return at == std::string::npos ? otherwise : std::strtoull(text.c_str() + at + 5, nullptr, 10) * 1024;
}

}  // namespace

std::vector<relative> descendants() {
  std::vector<entry> others;
  each_number_in("/proc", [&](pid_t pid) {
    if (const entry e = entry_of(pid); e.pid != 0) others.push_back(e);
  });
  std::vector<relative> family;
  std::vector<pid_t> known = {::getpid()};
  for (std::size_t at = 0; at < known.size(); ++at)
    for (const entry& e : others)
      if (e.parent == known[at]) {
        known.push_back(e.pid);
        family.push_back({e.pid, e.group});
      }
  return family;
}

std::vector<relative> descendants_at_once() {
  if (!kernel_lists_children()) return descendants();
  std::vector<pid_t> known = {::getpid()};
  for (std::size_t at = 0; at < known.size(); ++at) {
    std::vector<pid_t> children;
    add_children(known[at], children);
    for (const pid_t child : children)  // one that moves while the lists are read stands in two of them
      if (std::find(known.begin(), known.end(), child) == known.end()) known.push_back(child);
  }
  std::vector<relative> family;
  for (std::size_t k = 1; k < known.size(); ++k) family.push_back({known[k], ::getpgid(known[k])});
  return family;
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
