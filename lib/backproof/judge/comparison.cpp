#include "backproof/judge/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "backproof/judge/element_text.hpp"
#include "backproof/judge/kinks.hpp"

namespace backproof {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// How far one number is off, how far it may be, and whether that distance means anything.
struct distance {
  double error = 0, bound = 0;
  bool nonfinite = false;
  bool within() const { return error <= bound; }  // false for NaN
  double ratio() const { return error == 0 ? 0 : bound == 0 ? infinity : error / bound; }
};

distance measure_nonfinite(const bounded<real>& expected, double actual, double bound, const format& fmt) {
  if (bound == infinity) return {0, infinity, false};
  const bool same_sign = std::isinf(actual) && std::signbit(actual) == (expected.value() < real(0));
  const bool overflows = same_sign && !(magnitude(expected.value()) + bound <= fmt.largest());
  return {overflows ? 0 : infinity, bound, !overflows};
}

distance measure(const bounded<real>& expected, double actual, const precision& p, const kink_slack& slack,
                 bool either_sign) {
  const format& fmt = format_of(p.storage);
  if (isnan(expected.value())) return {};  // the oracle has no value: any is right
  if (!isfinite(expected.value())) {
    const double limit = expected.value() < real(0) ? -infinity : infinity;
    const bool right = actual == limit || (either_sign && actual == -limit);
    return {right ? 0 : infinity, 0, !right};
  }
  double b = bound_of(expected, p);
  if (!std::isfinite(actual)) return measure_nonfinite(expected, actual, b, fmt);
  const bool kink = slack.below > 0 || slack.above > 0;
  if (expected.exact() && !kink) return {std::fabs(actual - round_to(fmt, expected.value())), 0, false};
  // At a kink each end of what is allowed is a product, rounded once, and perhaps added to others.
  if (kink) b += 4 * fmt.unit() * (magnitude(expected.value()) + slack.below + slack.above) + fmt.tiny();
  const real off = real(actual) - expected.value();
  const real beyond = off < real(0) ? -off - real(slack.below) : off - real(slack.above);
  return {kink && beyond < real(0) ? 0 : magnitude(kink ? beyond : off), b, false};
}

// Of the numbers that are right, the nearest: at a kink there are many.
real nearest_right(const bounded<real>& expected, double actual, const kink_slack& slack) {
  const real off = real(actual) - expected.value();
  if (slack.below == 0 && slack.above == 0) return expected.value();
  return off < real(-slack.below)  ? expected.value() - real(slack.below)
         : real(slack.above) < off ? expected.value() + real(slack.above)
                                   : real(actual);
}

element describe(const std::string& name, const values<bounded<real>>& expected, index_t i, double actual,
                 const distance& d, const precision& p, const kink_slack& slack) {
  const format& fmt = format_of(p.storage);
  const real right = nearest_right(expected[i], actual, slack);
  const double rounded = round_to(fmt, right);
  element e{.where = name + coordinates(expected.dims(), i),
            .expected = digits_of(right),
            .actual = shortest(actual, p.storage),
            .error = d.error,
            .bound = d.bound,
            .ulps = infinity};
  if (std::isfinite(actual) && std::isfinite(rounded)) e.ulps = ulps_between(fmt, actual, rounded);
  return e;
}

bool all_zero(const values<bounded<real>>& x) {
  for (index_t i = 0; i < x.size(); ++i)
    if (!(x[i].value() == real(0))) return false;
  return true;
}

// What people stumble over most.
const char* scalar_became_list(const shape& expected, const shape& actual) {
  return expected.empty() && actual == shape{1}
             ? ": a scalar has rank 0, and some functions make a list of one element of it (np.ascontiguousarray does)"
             : "";
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
    return failed(failure_kind::wrong_shape,
                  fmt::format("{} has shape {}, expected {}{}", name, to_string(actual->dims()),
                              to_string(expected.dims()), scalar_became_list(expected.dims(), actual->dims())));
  return std::nullopt;
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

double scale_of(const values<bounded<real>>& x) {
  double largest = 0;
  for (index_t i = 0; i < x.size(); ++i)
    if (isfinite(x[i].value())) largest = std::max(largest, magnitude(x[i].value()));
  return largest;
}

std::string sentence_about(const element& e, bool at_kink) {
  return at_kink ? fmt::format("{} is {}, {:.3g} away from the nearest subgradient", e.where, e.actual, e.error)
                 : fmt::format("{} is {}, not {}", e.where, e.actual, e.expected);
}

bool at_negative_zero(const compare_options& options, std::size_t input, index_t i) {
  if (options.one_sided == nullptr) return false;
  const real& x = (*options.one_sided)[input][i];
  return x == real(0) && signbit(x);
}

bool undefined(const compare_options& options, std::size_t input, index_t i, double actual) {
  if (options.anything || (options.nan_anywhere && std::isnan(actual))) return true;
  if (options.nonfinite_anywhere && !std::isfinite(actual)) return true;
  return options.nan_inputs != nullptr && isnan((*options.nan_inputs)[input][i]);
}

}  // namespace

finding told_by_its_grossest(finding f, const precision& p) {
  if (f.outcome != verdict::fail || !f.grossest) return f;
  f.worst = f.grossest;
  f.bound = derivation(*f.worst, p);
  f.reason = sentence_about(*f.worst, f.kind == failure_kind::subgradient);
  return f;
}

finding compare(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual,
                std::span<const std::string> names, const precision& p, failure_kind kind,
                const compare_options& options, std::vector<position>* outside) {
  finding f;
  bool nonfinite = false, failed = false, at_kink = false;
  double worst_ratio = -1, grossest = -1;
  std::int64_t open = 0;
  const kink_slacks slacks(options.kinks, expected);
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const values<bounded<real>>& want = expected[k];
    if (!want.present()) continue;
    const std::optional<tensor> none;
    const std::optional<tensor>& got = k < actual.size() ? actual[k] : none;
    if (auto trouble = misshapen(want, got, names[k], p)) return *trouble;
    if (!got) {  // all of it is zero, and so known
      f.resolved_in.push_back(names[k]);
      continue;
    }
    const std::int64_t resolved_before = f.resolved;
    std::optional<double> scale;  // looked for where it is needed only
    for (index_t i = 0; i < want.size(); ++i) {
      if (undefined(options, k, i, got->at(i))) {
        ++open;
        continue;
      }
      const kink_slack here = slacks.at(k, i);
      const distance d = measure(want[i], got->at(i), p, here, at_negative_zero(options, k, i));
      tally(f, want[i], got->at(i), d, p);
      if (!d.within()) {
        failed = true, nonfinite |= d.nonfinite, at_kink |= here.below + here.above > 0;
        if (outside != nullptr) outside->push_back({k, i});
        if (!scale) scale = scale_of(want);
        if (const double part = part_of(d.error, *scale); part > grossest)
          grossest = part, f.grossest = describe(names[k], want, i, got->at(i), d, p, here);
      }
      if (d.ratio() > worst_ratio || std::isnan(d.ratio())) {
        worst_ratio = d.ratio();
        f.worst = describe(names[k], want, i, got->at(i), d, p, here);
      }
    }
    if (f.resolved > resolved_before) f.resolved_in.push_back(names[k]);
  }
  if (f.worst) f.bound = derivation(*f.worst, p);
  if (failed) {
    f.outcome = verdict::fail;
    f.kind = nonfinite ? failure_kind::nonfinite : at_kink ? failure_kind::subgradient : kind;
    f.reason = sentence_about(*f.worst, at_kink);
    f.severity = std::min(1.0, grossest);
  } else if (options.kinks != nullptr && !options.kinks->empty()) {
    judge_kinks(f, *options.kinks, expected, actual, names, p);
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
    f.severity = severity_of(f.worst->error, static_cast<double>(signal));
    f.reason = fmt::format("{} differs by {:.3g}, more than {:.3g}", where, f.worst->error, f.worst->bound);
  } else if (f.resolved == 0) {
    f.outcome = verdict::unresolved;
    f.reason = "the bound exceeds the signal";
  }
  return f;
}

}  // namespace backproof
