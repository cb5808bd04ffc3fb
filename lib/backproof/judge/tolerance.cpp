#include "backproof/judge/tolerance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace backproof {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double magnitude(const real& x) { return std::fabs(static_cast<double>(x)); }

std::string coordinates(const shape& dims, index i) {
  std::string text;
  const shape steps = strides_of(dims);
  for (std::size_t k = 0; k < dims.size(); ++k) {
    text += (k ? "," : "") + std::to_string(i / steps[k]);
    i %= steps[k];
  }
  return dims.empty() ? "" : "[" + text + "]";
}

// How far one number is off, how far it may be, and whether that distance means anything.
struct distance {
  double error = 0, bound = 0;
  bool nonfinite = false;
  bool within() const { return error <= bound; }  // false for NaN
  double ratio() const { return error == 0 ? 0 : bound == 0 ? infinity : error / bound; }
};

// How far below and above the reference's own choice an element may lie at a kink.
struct leeway {
  double below = 0, above = 0;
};

distance measure_nonfinite(const bounded<real>& expected, double actual, double bound, const format& fmt) {
  if (bound == infinity) return {0, infinity, false};
  const bool same_sign = std::isinf(actual) && std::signbit(actual) == (expected.value() < real(0));
  const bool overflows = same_sign && !(magnitude(expected.value()) + bound <= fmt.largest());
  return {overflows ? 0 : infinity, bound, !overflows};
}

distance measure(const bounded<real>& expected, double actual, const precision& p, const leeway& free) {
  const format& fmt = format_of(p.storage);
  if (isnan(expected.value())) return {};  // the oracle has no value: any is right
  if (!isfinite(expected.value())) {
    const double limit = expected.value() < real(0) ? -infinity : infinity;
    return {actual == limit ? 0 : infinity, 0, actual != limit};
  }
  double b = bound_of(expected, p);
  if (!std::isfinite(actual)) return measure_nonfinite(expected, actual, b, fmt);
  const bool kink = free.below > 0 || free.above > 0;
  if (expected.exact() && !kink) return {std::fabs(actual - round_to(fmt, expected.value())), 0, false};
  // At a kink each end of what is allowed is a product, rounded once, and perhaps added to others.
  if (kink) b += 4 * fmt.unit() * (magnitude(expected.value()) + free.below + free.above) + fmt.tiny();
  const real off = real(actual) - expected.value();
  const real beyond = off < real(0) ? -off - real(free.below) : off - real(free.above);
  return {kink && beyond < real(0) ? 0 : magnitude(kink ? beyond : off), b, false};
}

// Where each kink of a sample leaves room, by element.
class freedom {
 public:
  freedom(const subdifferential* kinks, const value_list<bounded<real>>& expected) {
    if (kinks == nullptr || kinks->empty()) return;
    for (const auto& d : expected) room_.emplace_back(static_cast<std::size_t>(d.present() ? d.size() : 0));
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
  leeway at(std::size_t input, index i) const {
    return room_.empty() ? leeway{} : room_[input][static_cast<std::size_t>(i)];
  }

 private:
  void widen(const position& p, const real& one_end, const real& other_end) {
    leeway& l = room_[p.input][static_cast<std::size_t>(p.at)];
    const double a = static_cast<double>(one_end), b = static_cast<double>(other_end);
    l.below += std::max(0.0, -std::min(a, b));
    l.above += std::max(0.0, std::max(a, b));
  }
  std::vector<std::vector<leeway>> room_;
};

std::string shortest(double x, dtype t) {
  return t == dtype::f64 ? fmt::format("{}", x) : fmt::format("{}", static_cast<float>(x));
}

// 20 digits at most, without the zeros at their end.
std::string digits_of(const real& x, int digits = 20) {
  std::string text = x.decimal(digits);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;  // an infinity or NaN
  std::string mantissa = text.substr(0, e), exponent = text.substr(e);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return exponent == "e+00" ? mantissa : mantissa + exponent;
}

element describe(const std::string& name, const values<bounded<real>>& expected, index i, double actual,
                 const distance& d, const precision& p) {
  const format& fmt = format_of(p.storage);
  const double rounded = round_to(fmt, expected[i].value());
  element e{.where = name + coordinates(expected.dims(), i),
            .expected = digits_of(expected[i].value()),
            .actual = shortest(actual, p.storage),
            .error = d.error,
            .bound = d.bound,
            .ulps = infinity};
  if (std::isfinite(actual) && std::isfinite(rounded)) e.ulps = ulps_between(fmt, actual, rounded);
  return e;
}

bool all_zero(const values<bounded<real>>& x) {
  for (index i = 0; i < x.size(); ++i)
    if (!(x[i].value() == real(0))) return false;
  return true;
}

// Presence, dtype and shape, before any value is looked at: broadcasting must not repair a wrong shape.
std::optional<finding> misshapen(const values<bounded<real>>& expected, const std::optional<tensor>& actual,
                                 const std::string& name, const precision& p) {
  if (!actual) {
    if (all_zero(expected)) return std::nullopt;  // no gradient is as good as a zero one
    return failed(failure_kind::missing_gradient, fmt::format("{} was not returned", name));
  }
  if (actual->type() != p.storage)
    return failed(failure_kind::wrong_dtype,
                  fmt::format("{} has dtype {}, expected {}", name, name_of(actual->type()), name_of(p.storage)));
  if (actual->dims() != expected.dims())
    return failed(failure_kind::wrong_shape, fmt::format("{} has shape {}, expected {}", name,
                                                         to_string(actual->dims()), to_string(expected.dims())));
  return std::nullopt;
}

std::string derivation(const element& e, const precision& p) {
  const std::string unit = fmt::format("u({})", p.storage == dtype::f64 ? "f64" : name_of(p.storage));
  if (e.bound == 0) return "nothing is computed here, so nothing may be rounded";
  const double g = std::fabs(std::strtod(e.expected.c_str(), nullptr));
  if (!(e.bound < g)) return "exceeds the value: cancellation, or underflow, may leave any evaluation nothing of it";
  return fmt::format("{:.3g} {} of the value: each operation rounded, sums in any order, inputs known to one {}",
                     e.bound / g / format_of(p.storage).unit(), unit, unit);
}

void tally(finding& f, const bounded<real>& want, double got, const distance& d, const precision& p) {
  ++f.elements;
  if (want.exact() || d.bound < magnitude(want.value())) ++f.resolved;
  const double rounded = round_to(format_of(p.storage), want.value());
  if (std::isfinite(got) && std::isfinite(rounded)) {
    const double ulps = ulps_between(format_of(p.storage), got, rounded);
    f.ulps.add(ulps);
    f.max_ulps = std::max(f.max_ulps, ulps);
  }
  // Below the bound of its own magnitude only: an underflow's bound says nothing about how tight the others are.
  if (d.error > 0 && d.bound > 0 && d.bound < magnitude(want.value())) f.slack.add(d.bound / d.error);
}

bool undefined(const latitude& free, std::size_t input, index i, double actual) {
  if (free.anything || (free.nan_anywhere && std::isnan(actual))) return true;
  if (free.nonfinite_anywhere && !std::isfinite(actual)) return true;
  return free.nan_inputs != nullptr && isnan((*free.nan_inputs)[input][i]);
}

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
  std::map<std::pair<std::size_t, index>, std::size_t> group_of;
  std::map<std::pair<std::size_t, index>, int> sign;
  std::vector<std::set<std::pair<std::size_t, index>>> groups;
  for (const subdifferential::tie& t : ties) {
    std::set<std::pair<std::size_t, index>> merged;
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
std::set<std::pair<std::size_t, index>> contested(const subdifferential& kinks) {
  std::map<std::pair<std::size_t, index>, int> kinds;
  for (const subdifferential::slope& s : kinks.intervals()) kinds[{s.p.input, s.p.at}] += 2;
  for (const subdifferential::norm_ball& b : kinks.balls())
    for (const position& p : b.elements) kinds[{p.input, p.at}] += 2;
  for (const subdifferential::tie& t : kinks.ties())  // ties that share elements are judged together
    for (const position& p : t.tied) kinds[{p.input, p.at}] |= 1;
  std::set<std::pair<std::size_t, index>> all;
  for (const auto& [at, n] : kinds)
    if (n > 2) all.insert(at);
  return all;
}

bool any_of(const std::vector<position>& set, const std::set<std::pair<std::size_t, index>>& elements) {
  return std::any_of(set.begin(), set.end(), [&](const position& p) { return elements.count({p.input, p.at}) > 0; });
}

void judge_balls(finding& f, const subdifferential& kinks, const kink_report& report,
                 std::span<const std::string> names, const precision& p) {
  for (const subdifferential::norm_ball& b : kinks.balls()) {
    // Each element is a product, rounded once.
    if (any_of(b.elements, contested(kinks))) continue;
    if (b.g == real(0) || report.norm(b) <= real(1 + 8 * format_of(p.storage).unit())) continue;
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
    f.reason =
        fmt::format("the {} elements of {} where the norm is 0 have a gradient of {:g}-norm {} times the largest",
                    b.elements.size(), names[b.elements.front().input], b.q, digits_of(report.norm(b), 4));
  }
}

void judge_kinks(finding& f, const subdifferential& kinks, const value_list<bounded<real>>& expected,
                 std::span<const std::optional<tensor>> actual, std::span<const std::string> names,
                 const precision& p) {
  const kink_report report(expected, actual);
  const freedom room(&kinks, expected);
  const auto unsettled = contested(kinks);
  for (const std::vector<position>& group : groups_of(kinks.ties())) {
    if (any_of(group, unsettled)) continue;
    double bound = 0;
    for (const position& at : group) {
      const leeway l = room.at(at.input, at.at);
      bound += bound_of(expected[at.input][at.at], p) + 4 * format_of(p.storage).unit() * (l.below + l.above) +
               format_of(p.storage).tiny();
    }
    const double missing = magnitude(report.missing(group));
    if (missing <= bound) continue;
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
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

}  // namespace

double bound_of(const bounded<real>& expected, const precision& p) {
  const format& fmt = format_of(p.storage);
  // What is only moved is stored as it is, or correctly rounded where the format does not hold it.
  if (expected.exact()) {
    const double stored = round_to(fmt, expected.value());
    return std::isfinite(stored) ? magnitude(real(stored) - expected.value()) : 0;
  }
  const double e = expected.error();
  if (fmt == p.accumulator) return e;
  return e + fmt.unit() * (magnitude(expected.value()) + e) + fmt.tiny();
}

finding compare(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual,
                std::span<const std::string> names, const precision& p, failure_kind kind, const latitude& free,
                std::vector<position>* outside) {
  finding f;
  bool nonfinite = false, failed = false, at_kink = false;
  double worst_ratio = -1;
  std::int64_t open = 0;
  const freedom room(free.kinks, expected);
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const values<bounded<real>>& want = expected[k];
    if (!want.present()) continue;
    const std::optional<tensor> none;
    const std::optional<tensor>& got = k < actual.size() ? actual[k] : none;
    if (auto trouble = misshapen(want, got, names[k], p)) return *trouble;
    if (!got) continue;
    for (index i = 0; i < want.size(); ++i) {
      if (undefined(free, k, i, got->at(i))) {
        ++open;
        continue;
      }
      const leeway here = room.at(k, i);
      const distance d = measure(want[i], got->at(i), p, here);
      tally(f, want[i], got->at(i), d, p);
      if (!d.within()) {
        failed = true, nonfinite |= d.nonfinite, at_kink |= here.below + here.above > 0;
        if (outside != nullptr) outside->push_back({k, i});
      }
      if (d.ratio() > worst_ratio || std::isnan(d.ratio())) {
        worst_ratio = d.ratio();
        f.worst = describe(names[k], want, i, got->at(i), d, p);
      }
    }
  }
  if (f.worst) f.bound = derivation(*f.worst, p);
  if (failed) {
    f.outcome = verdict::fail;
    f.kind = nonfinite ? failure_kind::nonfinite : at_kink ? failure_kind::subgradient : kind;
    f.reason = fmt::format("{} is {}, not {}{}", f.worst->where, f.worst->actual, f.worst->expected,
                           at_kink ? ", nor any other subgradient" : "");
  } else if (free.kinks != nullptr && !free.kinks->empty()) {
    judge_kinks(f, *free.kinks, expected, actual, names, p);
  }
  if (f.outcome == verdict::pass && f.resolved == 0 && (f.elements > 0 || open > 0)) {
    f.outcome = verdict::unresolved;
    f.reason = f.elements > 0 ? "every bound exceeds its value: the sample is too ill-conditioned to prove anything"
                              : "no element has a fixed value here";
  }
  return f;
}

finding compare(const std::string& where, const real& expected, const real& actual, const real& bound,
                const real& signal, failure_kind kind) {
  const real error = abs(actual - expected);
  finding f;
  f.elements = 1;
  f.resolved = bound < signal ? 1 : 0;
  f.worst = element{.where = where,
                    .expected = digits_of(expected, 30),
                    .actual = digits_of(actual, 30),
                    .error = static_cast<double>(error),
                    .bound = static_cast<double>(bound),
                    .ulps = std::numeric_limits<double>::quiet_NaN()};
  if (!(error <= bound)) {
    f.outcome = verdict::fail;
    f.kind = kind;
    f.reason = fmt::format("{} differs by {:.3g}, more than {:.3g}", where, f.worst->error, f.worst->bound);
  } else if (f.resolved == 0) {
    f.outcome = verdict::unresolved;
    f.reason = "the bound exceeds the signal";
  }
  return f;
}

}  // namespace backproof
