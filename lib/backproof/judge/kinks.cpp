#include "backproof/judge/kinks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "backproof/judge/element_text.hpp"

namespace backproof {
namespace {

// What a subject did at kinks, in words, and whether tied elements share their cotangent in full.
class kink_report {
 public:
  kink_report(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual)
      : expected_(expected), actual_(actual) {}

  // The slope it took, in an interval. An element that takes part in other kinks, or in sums much larger than g, does
  // not tell.
  std::string met(const subdifferential::slope& s) const {
    if (s.g == real(0) || !s.one_kink) return "";
    const double slope = static_cast<double>(s.chosen + off(s.p) / s.g);
    if (slope < static_cast<double>(s.low) - 0.05 || slope > static_cast<double>(s.high) + 0.05) return "";
    return fmt::format("slope {:g}", std::nearbyint(slope * 100) / 100 + 0.0);
  }

  // The weights it gave to tied elements. Only meaningful where none of them takes part in another tie.
  std::string met(const subdifferential::tie& t) const {
    if (t.g == real(0)) return "";
    std::vector<double> weights;
    for (const position& p : t.tied)
      weights.push_back(1.0 / static_cast<double>(t.tied.size()) + p.sign * static_cast<double>(off(p) / t.g));
    const auto close = [](double a, double b) { return std::fabs(a - b) < 0.05; };
    const auto ones = std::count_if(weights.begin(), weights.end(), [&](double w) { return close(w, 1); });
    if (ones == 1 && close(weights.front(), 1)) return "ties: first";
    if (ones == 1 && close(weights.back(), 1)) return "ties: last";
    if (std::all_of(weights.begin(), weights.end(),
                    [&](double w) { return close(w, 1.0 / static_cast<double>(weights.size())); }))
      return "ties: even";
    return "ties: shared";
  }

  std::string met(const subdifferential::norm_ball& b) const {
    return b.g == real(0) ? "" : norm(b) == real(0) ? "norm at 0: zero" : "norm at 0: not zero";
  }

  // The q-norm of the w that it took, of which the gradient is w g.
  real norm(const subdifferential::norm_ball& b) const {
    real total, largest;
    for (const position& p : b.elements) {
      const real w = abs(off(p));
      largest = largest < w ? w : largest;
      total += pow(w, real(b.q));
    }
    if (largest == real(0)) return 0;
    return (std::isinf(b.q) ? largest : pow(total, real(1) / real(b.q))) / abs(b.g);
  }

  // By how much the elements of a set miss the total that the reference gives them.
  real missing(const std::vector<position>& set) const {
    real total;
    for (const position& p : set) total += real(p.sign) * off(p);
    return total;
  }

 private:
  real off(const position& p) const {
    if (!actual_[p.input]) return -expected_[p.input][p.at].value();
    return real(actual_[p.input]->at(p.at)) - expected_[p.input][p.at].value();
  }
  const value_list<bounded<real>>& expected_;
  std::span<const std::optional<tensor>> actual_;
};

// Ties that share elements, as those of overlapping windows do, are judged together: only the sum over all elements of
// such a group is fixed.
std::vector<std::vector<position>> groups_of(const std::vector<subdifferential::tie>& ties) {
  std::map<std::pair<std::size_t, index_t>, std::size_t> group_of;
  std::map<std::pair<std::size_t, index_t>, int> sign;
  std::vector<std::set<std::pair<std::size_t, index_t>>> groups;
  for (const subdifferential::tie& t : ties) {
    std::set<std::pair<std::size_t, index_t>> merged;
    for (const position& p : t.tied) merged.insert({p.input, p.at}), sign[{p.input, p.at}] = p.sign;
    for (const position& p : t.tied)
      if (const auto g = group_of.find({p.input, p.at}); g != group_of.end()) merged.merge(groups[g->second]);
    for (const auto& p : merged) group_of[p] = groups.size();
    groups.push_back(std::move(merged));
  }
  std::vector<std::vector<position>> result;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    std::vector<position> members;
    for (const auto& [input, at] : groups[k])
      if (group_of[{input, at}] == k) members.push_back({input, at, sign[{input, at}]});
    if (!members.empty()) result.push_back(std::move(members));
  }
  return result;
}

// The elements that several kinks have a say in. Only each element's own range is known there, not what is shared.
std::set<std::pair<std::size_t, index_t>> contested(const subdifferential& kinks) {
  std::map<std::pair<std::size_t, index_t>, int> kinds;
  for (const subdifferential::slope& s : kinks.intervals()) kinds[{s.p.input, s.p.at}] += 2;
  for (const subdifferential::norm_ball& b : kinks.balls())
    for (const position& p : b.elements) kinds[{p.input, p.at}] += 2;
  for (const subdifferential::tie& t : kinks.ties())  // ties that share elements are judged together
    for (const position& p : t.tied) kinds[{p.input, p.at}] |= 1;
  std::set<std::pair<std::size_t, index_t>> all;
  for (const auto& [at, n] : kinds)
    if (n > 2) all.insert(at);
  return all;
}

bool any_of(const std::vector<position>& set, const std::set<std::pair<std::size_t, index_t>>& elements) {
  return std::any_of(set.begin(), set.end(), [&](const position& p) { return elements.contains({p.input, p.at}); });
}

void judge_balls(finding& f, const subdifferential& kinks, const kink_report& report,
                 std::span<const std::string> names, const precision& p) {
  for (const subdifferential::norm_ball& b : kinks.balls()) {
    // Each element is a product, rounded once.
    if (any_of(b.elements, contested(kinks))) continue;
    if (b.g == real(0) || report.norm(b) <= real(1 + 8 * format_of(p.storage).unit())) continue;
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
    f.severity = severity_of(static_cast<double>(report.norm(b)) - 1, 1);
    f.reason =
        fmt::format("the {} elements of {} where the norm is 0 have a gradient of {:g}-norm {} times the largest",
                    b.elements.size(), names[b.elements.front().input], b.q, digits_of(report.norm(b), 4));
  }
}

}  // namespace

kink_slacks::kink_slacks(const subdifferential* kinks, const value_list<bounded<real>>& expected) {
  if (kinks == nullptr || kinks->empty()) return;
  for (const auto& d : expected) slacks_.emplace_back(static_cast<std::size_t>(d.present() ? d.size() : 0));
  for (const subdifferential::slope& s : kinks->intervals())
    widen(s.p, (s.low - s.chosen) * s.g, (s.high - s.chosen) * s.g);
  for (const subdifferential::tie& t : kinks->ties())
    for (const position& p : t.tied) {
      const real g = real(p.sign) * t.g, share = g / real(static_cast<int>(t.tied.size()));
      widen(p, -share, g - share);
    }
  for (const subdifferential::norm_ball& b : kinks->balls())
    for (const position& p : b.elements) widen(p, -b.g, b.g);
}

void kink_slacks::widen(const position& p, const real& one_end, const real& other_end) {
  kink_slack& l = slacks_[p.input][static_cast<std::size_t>(p.at)];
  const double a = static_cast<double>(one_end), b = static_cast<double>(other_end);
  l.below += std::max(0.0, -std::min(a, b));
  l.above += std::max(0.0, std::max(a, b));
}

void judge_kinks(finding& f, const subdifferential& kinks, const value_list<bounded<real>>& expected,
                 std::span<const std::optional<tensor>> actual, std::span<const std::string> names,
                 const precision& p) {
  const kink_report report(expected, actual);
  const kink_slacks slacks(&kinks, expected);
  const auto unsettled = contested(kinks);
  for (const std::vector<position>& group : groups_of(kinks.ties())) {
    if (any_of(group, unsettled)) continue;
    double bound = 0, scale = 0;
    for (const position& at : group) {
      const kink_slack l = slacks.at(at.input, at.at);
      bound += bound_of(expected[at.input][at.at], p) + 4 * format_of(p.storage).unit() * (l.below + l.above) +
               format_of(p.storage).tiny();
      scale = std::max({scale, l.below, l.above});
    }
    const double missing = std::fabs(static_cast<double>(report.missing(group)));
    if (missing <= bound) continue;
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
    f.severity = severity_of(missing, scale);
    f.reason =
        fmt::format("the {} tied elements around {}{} do not share their cotangent in full: the total is off by {:.3g}",
                    group.size(), names[group.front().input],
                    coordinates(expected[group.front().input].dims(), group.front().at), missing);
    return;
  }
  judge_balls(f, kinks, report, names, p);
  if (f.outcome == verdict::fail) return;
  std::set<std::string> met;
  for (const subdifferential::norm_ball& b : kinks.balls()) met.insert(report.met(b));
  for (const subdifferential::slope& s : kinks.intervals()) met.insert(report.met(s));
  for (const subdifferential::tie& t : kinks.ties()) met.insert(report.met(t));
  met.erase("");
  f.convention = fmt::format("{}", fmt::join(met, ", "));
}

}  // namespace backproof
