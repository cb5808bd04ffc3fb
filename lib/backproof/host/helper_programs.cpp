#include "backproof/host/helper_programs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "backproof/judge/subject.hpp"

namespace backproof::host {

namespace fs = std::filesystem;

std::string executable_folder(const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::string helper_program(const std::string& name, const std::string& chosen_folder) {
  const fs::path here = executable_folder(chosen_folder);
  const std::vector<std::string> places = {here / name, here.parent_path() / "libexec" / "backproof" / name,
                                           fs::path(BACKPROOF_LIBEXEC) / name};
  for (const std::string& place : places) {
    std::error_code ignored;
    if (fs::is_regular_file(place, ignored) && ::access(place.c_str(), X_OK) == 0) return place;
  }
  throw adapter_error(fmt::format("{} comes with backproof, but is none of {}", name, fmt::join(places, ", ")));
}

}  // namespace backproof::host
