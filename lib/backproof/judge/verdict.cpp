#include "backproof/judge/verdict.hpp"

namespace backproof {
namespace {

constexpr std::array<std::string_view, all_verdicts.size()> names = {
    "pass", "inaccurate", "fail", "unresolved", "vacuous", "skip", "error", "crash", "timeout",
};

}  // namespace

std::string_view name_of(verdict v) { return names[static_cast<std::size_t>(v)]; }

std::optional<verdict> verdict_named(std::string_view name) {
  for (const verdict v : all_verdicts)
    if (name_of(v) == name) return v;
  return std::nullopt;
}

}  // namespace backproof
