#include "backproof/judge/kinks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "backproof/judge/element_text.hpp"

namespace backproof {
namespace {

using place = std::pair<std::size_t, index_t>;  // an element: its input, and where in it

// Ties that share elements, as those of overlapping windows do, are judged together: only the sum over all elements of
// such a group is fixed.
struct tie_group {
  std::vector<position> members;  // each once
  std::vector<const subdifferential::tie*> ties;
};

// The weights that the elements of a tie may get by a rule.
struct way {
  const char* name;
  real (*weight)(std::size_t k, std::size_t n);
};
constexpr std::array<way, 3> ways = {
    {{"ties: first", [](std::size_t k, std::size_t) { return real(k == 0 ? 1 : 0); }},
     {"ties: last", [](std::size_t k, std::size_t n) { return real(k + 1 == n ? 1 : 0); }},
     {"ties: even", [](std::size_t, std::size_t n) { return real(1) / real(static_cast<int>(n)); }}}};

// What a subject did at kinks, in words, and whether tied elements share their cotangent in full.
class kink_report {
 public:
  kink_report(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual)
      : expected_(expected), actual_(actual) {}

  // The slope it took, in an interval. An element that takes part in other kinks, or in sums much larger than g, does
  // not tell.
  std::string met(const subdifferential::slope& s) const {
    if (s.g == real(0) || !s.one_kink || !sees({s.p})) return "";
    const double slope = static_cast<double>(s.chosen + off(s.p) / s.g);
    if (slope < static_cast<double>(s.low) - 0.05 || slope > static_cast<double>(s.high) + 0.05) return "";
    return fmt::format("slope {:g}", std::nearbyint(slope * 100) / 100 + 0.0);
  }

  // How the cotangents of a group of ties were shared. Ties may have elements in common, so all are looked at together:
  // a convention is met if every element has what it would have if each tie followed that.
  std::string met(const tie_group& group) const {
    if (!sees(group.members)) return "";
    std::map<place, std::array<real, ways.size()>> due;  // beyond an even share
    std::map<place, real> scale;
    for (const subdifferential::tie* t : group.ties)
      for (std::size_t k = 0; k < t->tied.size(); ++k) {
        const position& p = t->tied[k];
        const int n = static_cast<int>(t->tied.size());
        for (std::size_t w = 0; w < ways.size(); ++w)
          due[{p.input, p.at}][w] += real(p.sign) * t->g * (ways[w].weight(k, t->tied.size()) - real(1) / real(n));
        scale[{p.input, p.at}] += abs(t->g);
      }
    std::vector<std::string> all;
    for (std::size_t w = 0; w < ways.size(); ++w) {
      const auto as_due = [&](const position& p) {
        const place at{p.input, p.at};
        return abs(off(p) - due[at][w]) <= real(0.05) * scale[at];
      };
      if (std::all_of(group.members.begin(), group.members.end(), as_due)) all.emplace_back(ways[w].name);
    }
    if (all.empty()) return "ties: shared";
    return all.size() == 1 ? all.front() : "";  // where all cotangents are zero, any way is met
  }

  std::string met(const subdifferential::norm_ball& b) const {
    return b.g == real(0) || !sees(b.elements) ? "" : norm(b) == real(0) ? "norm at 0: zero" : "norm at 0: not zero";
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

  // Whether all of it was asked for. Of a tie that reaches into another input, for instance, only a part may have been.
  bool sees(const std::vector<position>& set) const {
    return std::all_of(set.begin(), set.end(), [&](const position& p) { return expected_[p.input].present(); });
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

std::vector<tie_group> groups_of(const std::vector<subdifferential::tie>& ties) {
  std::map<place, std::size_t> group_of;
  std::map<place, int> sign;
  std::vector<std::set<place>> groups;
  for (const subdifferential::tie& t : ties) {
    std::set<place> merged;
    for (const position& p : t.tied) merged.insert({p.input, p.at}), sign[{p.input, p.at}] = p.sign;
    for (const position& p : t.tied)
      if (const auto g = group_of.find({p.input, p.at}); g != group_of.end()) merged.merge(groups[g->second]);
    for (const place& p : merged) group_of[p] = groups.size();
    groups.push_back(std::move(merged));
  }
  std::vector<tie_group> result(groups.size());
  for (const auto& [p, k] : group_of) result[k].members.push_back({p.first, p.second, sign[p]});
  for (const subdifferential::tie& t : ties)
    if (!t.tied.empty()) result[group_of[{t.tied.front().input, t.tied.front().at}]].ties.push_back(&t);
  std::erase_if(result, [](const tie_group& g) { return g.members.empty(); });
  return result;
}

// The elements that several kinks have a say in. Only each element's own range is known there, not what is shared.
std::set<place> contested(const subdifferential& kinks) {
  std::map<place, int> kinds;
  for (const subdifferential::slope& s : kinks.intervals()) kinds[{s.p.input, s.p.at}] += 2;
  for (const subdifferential::norm_ball& b : kinks.balls())
    for (const position& p : b.elements) kinds[{p.input, p.at}] += 2;
  for (const subdifferential::tie& t : kinks.ties())  // ties that share elements are judged together
    for (const position& p : t.tied) kinds[{p.input, p.at}] |= 1;
  std::set<place> all;
  for (const auto& [at, n] : kinds)
    if (n > 2) all.insert(at);
  return all;
}

bool any_of(const std::vector<position>& set, const std::set<place>& elements) {
  return std::any_of(set.begin(), set.end(), [&](const position& p) { return elements.contains({p.input, p.at}); });
}

void judge_balls(finding& f, const subdifferential& kinks, const kink_report& report,
                 std::span<const std::string> names, const precision& p) {
  for (const subdifferential::norm_ball& b : kinks.balls()) {
    // Each element is a product, rounded once.
    if (any_of(b.elements, contested(kinks)) || !report.sees(b.elements)) continue;
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
  if (slacks_[p.input].empty()) return;  // a gradient that is not asked for
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
  const std::vector<tie_group> groups = groups_of(kinks.ties());
  for (const auto& [group, ties] : groups) {
    if (any_of(group, unsettled) || !report.sees(group)) continue;
    double bound = 0, scale = 0;
    for (const position& at : group) {
      const kink_slack l = slacks.at(at.input, at.at);
      bound += bound_of(expected[at.input][at.at], p) + 4 * format_of(p.storage).unit() * (l.below + l.above) +
               format_of(p.storage).tiny();
      scale = std::max({scale, l.below, l.above});
    }
    const double missing = magnitude(report.missing(group));
    if (missing <= bound) continue;
    const std::string around =
        names[group.front().input] + coordinates(expected[group.front().input].dims(), group.front().at);
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
    f.severity = severity_of(missing, scale);
    f.reason =
        fmt::format("the {} tied elements around {} do not share their cotangent in full: the total is off by {:.3g}",
                    group.size(), around, missing);
    real due;
    for (const position& at : group) due += real(at.sign) * expected[at.input][at.at].value();
    f.worst = element{.where = "the total around " + around,
                      .expected = digits_of(due),
                      .actual = digits_of(due + report.missing(group)),
                      .error = missing,
                      .bound = bound,
                      .ulps = std::nan("")};
    f.grossest.reset();
    return;
  }
  judge_balls(f, kinks, report, names, p);
  if (f.outcome == verdict::fail) return;
  std::set<std::string> met;
  for (const subdifferential::norm_ball& b : kinks.balls()) met.insert(report.met(b));
  for (const subdifferential::slope& s : kinks.intervals()) met.insert(report.met(s));
  for (const tie_group& g : groups) met.insert(report.met(g));
  met.erase("");
  f.convention = fmt::format("{}", fmt::join(met, ", "));
}

}  // namespace backproof
