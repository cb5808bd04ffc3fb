#include "backproof/judge/verdict.hpp"

#include <algorithm>

namespace backproof {
namespace {

constexpr std::array<std::string_view, all_verdicts.size()> names = {
    "pass", "inaccurate", "fail", "unresolved", "vacuous", "skip", "error", "crash", "timeout",
};

constexpr std::array<std::string_view, 12> kinds = {
    "none",        "wrong_value", "wrong_gradient", "nonfinite",          "shape",    "dtype", "missing_gradient",
    "subgradient", "law",         "nondeterminism", "mutation_of_inputs", "rejected",
};
static_assert(kinds[static_cast<std::size_t>(failure_kind::rejected)] == "rejected");

}  // namespace

std::string_view name_of(verdict v) { return names[static_cast<std::size_t>(v)]; }

std::string_view name_of(failure_kind k) { return kinds[static_cast<std::size_t>(k)]; }

std::optional<failure_kind> failure_kind_named(std::string_view name) {
  const auto at = std::find(kinds.begin(), kinds.end(), name);
  if (at == kinds.end()) return std::nullopt;
  return static_cast<failure_kind>(at - kinds.begin());
}

std::optional<verdict> verdict_named(std::string_view name) {
  for (const verdict v : all_verdicts)
    if (name_of(v) == name) return v;
  return std::nullopt;
}

}  // namespace backproof
