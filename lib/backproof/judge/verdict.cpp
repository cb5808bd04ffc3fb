#include "backproof/judge/verdict.hpp"

#include <algorithm>

namespace backproof {
namespace {

constexpr std::array<std::string_view, all_verdicts.size()> names = {
    "pass", "inaccurate", "fail", "unresolved", "forward_only", "vacuous", "skip", "error", "crash", "timeout",
};

constexpr std::array<std::string_view, 13> kinds = {
    "none",           "wrong_value",        "wrong_gradient",   "nonfinite",   "shape",
    "dtype",          "missing_gradient",   "unasked_gradient", "subgradient", "law",
    "nondeterminism", "mutation_of_inputs", "rejected",
};
static_assert(kinds[static_cast<std::size_t>(failure_kind::rejected)] == "rejected");

}  // namespace

std::string_view name_of(verdict v) { return names[static_cast<std::size_t>(v)]; }

int gravity(verdict v) {
  constexpr std::array order = {verdict::skip,         verdict::unresolved, verdict::pass,    verdict::inaccurate,
                                verdict::forward_only, verdict::vacuous,    verdict::timeout, verdict::crash,
                                verdict::error,        verdict::fail};
  static_assert(order.size() == all_verdicts.size());
  return static_cast<int>(std::find(order.begin(), order.end(), v) - order.begin());
}

bool is_trouble(verdict v) { return gravity(v) >= gravity(verdict::vacuous); }

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
