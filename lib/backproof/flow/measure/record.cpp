#include "backproof/flow/measure/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "backproof/flow/theory/laws.hpp"

namespace backproof::flow {
namespace {

constexpr std::array<std::string_view, 12> rule_names = {
    "nonfinite", "zero", "vanishing", "exploding",       "fluctuation",    "local-break",
    "underflow", "dead", "isometry",  "bound-inversion", "gradient-check", "baseline",
};
static_assert(rule_names[static_cast<std::size_t>(rule_id::baseline)] == "baseline");

}  // namespace

std::string_view name_of(level l) { return l == level::fail ? "fail" : l == level::warn ? "warn" : "info"; }

std::string_view name_of(rule_id u) { return rule_names[static_cast<std::size_t>(u)]; }

std::string code_of(rule_id u) { return fmt::format("GF{:03}", static_cast<int>(u) + 1); }

void summarize(flow_record& r) {
  std::vector<double> y;
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    y.push_back(r.layers[l].log10_norm);
    if (l > 0) r.layers[l].gain = y[l - 1] - y[l];
  }
  r.noise = finite_width_noise(r.kappa, r.beta);
  r.decades_per_layer = -theil_sen_slope(y) + 0.0;
  r.drift = r.decades_per_layer * static_cast<double>(r.gaps()) + 0.0;
  r.shape = trend_of(y, 2 * r.noise / std::sqrt(std::max<double>(1, static_cast<double>(r.samples))));
}

level verdict_of(const flow_record& r) {
  level worst = level::info;
  for (const flow_finding& f : r.findings) worst = std::max(worst, f.level);
  return worst;
}

namespace {

// 7776 as 7,776.
std::string with_commas(double x) {
  if (x >= 1e15) return fmt::format("{:.1e}", x);
  std::string digits = fmt::format("{:.0f}", x);
  for (std::size_t k = digits.size(); k > 3;) digits.insert(k -= 3, ",");
  return digits;
}

std::string in_steps(const flow_record& r) {
  return r.gaps() == 1 ? "over 1 layer" : fmt::format("over {} layers", r.gaps());
}

const flow_finding* finding_of(const flow_record& r, rule_id u) {
  const auto found =
      std::find_if(r.findings.begin(), r.findings.end(), [&](const flow_finding& f) { return f.rule == u; });
  return found == r.findings.end() ? nullptr : &*found;
}

}  // namespace

std::string sentence_of(const flow_record& r) {
  for (const rule_id u : {rule_id::gradient_check, rule_id::bound_inversion, rule_id::nonfinite, rule_id::zero})
    if (const flow_finding* f = finding_of(r, u); f != nullptr && f->level == level::fail) return f->message + ".";
  if (r.gaps() == 0) return "There is only one layer, so nothing flows between layers.";
  const double d = r.drift, each = std::fabs(r.decades_per_layer);
  if (std::fabs(d) < 0.3)
    return fmt::format("The gradient keeps its size: {} it changes by {:+.2f} decades in all, a factor of {:.2f}.",
                       in_steps(r), std::round(100 * d) / 100 + 0.0, std::pow(10.0, d));
  const std::string how = r.shape == trend::polynomial ? ", but like a power of the depth, not exponentially" : "";
  if (d < 0)
    return fmt::format(
        "The gradient loses {:.2g} decades per layer{}; {} the first gets 1/{} of the last one's gradient.", each, how,
        in_steps(r), with_commas(std::pow(10.0, -d)));
  return fmt::format(
      "The gradient gains {:.2g} decades per layer{}; {} the first gets {} times the last one's gradient.", each, how,
      in_steps(r), with_commas(std::pow(10.0, d)));
}

std::string verdict_text(const flow_record& r) {
  const level worst = verdict_of(r);
  if (worst == level::info) return "healthy";
  std::string names;
  for (const flow_finding& f : r.findings) {
    const std::string one = fmt::format("{} ({})", name_of(f.rule), code_of(f.rule));
    if (f.level == worst && names.find(one) == std::string::npos) names += (names.empty() ? "" : ", ") + one;
  }
  return (worst == level::fail ? "fail: " : "warn: ") + names;
}

}  // namespace backproof::flow
