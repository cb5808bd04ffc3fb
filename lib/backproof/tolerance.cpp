#include "backproof/tolerance.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

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
  double ratio() const {
    return error <= bound ? (error == 0 ? 0 : error / bound) : bound == 0 ? infinity : error / bound;
  }
  bool within() const { return error <= bound; }  // false for NaN
};

distance measure(const bounded<real>& expected, double actual, const precision& p) {
  const format& fmt = format_of(p.storage);
  const double g = static_cast<double>(expected.value()), b = bound_of(expected, p);
  if (std::isnan(g)) return {std::isnan(actual) ? 0 : infinity, 0, !std::isnan(actual)};
  if (std::isinf(g) && !isfinite(expected.value())) return {actual == g ? 0 : infinity, 0, actual != g};
  if (!std::isfinite(actual)) {
    const bool overflows = std::isinf(actual) && std::signbit(actual) == std::signbit(g) &&
                           !(magnitude(expected.value()) + b <= fmt.largest());
    return {overflows ? 0 : infinity, b, !overflows};
  }
  if (expected.exact()) return {std::fabs(actual - round_to(fmt, expected.value())), 0, false};
  return {magnitude(real(actual) - expected.value()), b, false};
}

std::string shortest(double x, dtype t) {
  return t == dtype::f64 ? fmt::format("{}", x) : fmt::format("{}", static_cast<float>(x));
}

element describe(const std::string& name, const values<bounded<real>>& expected, index i, double actual,
                 const distance& d, const precision& p) {
  const format& fmt = format_of(p.storage);
  const double rounded = round_to(fmt, expected[i].value());
  element e{.where = name + coordinates(expected.dims(), i),
            .expected = expected[i].value().decimal(20),
            .actual = shortest(actual, p.storage),
            .error = d.error,
            .bound = d.bound,
            .ulps = infinity};
  if (std::isfinite(actual) && std::isfinite(rounded)) e.ulps = ulps_between(fmt, actual, rounded);
  return e;
}

finding wrong(std::string kind, std::string reason) {
  finding f;
  f.outcome = verdict::fail;
  f.kind = std::move(kind);
  f.reason = std::move(reason);
  return f;
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
    return wrong("missing_gradient", fmt::format("{} was not returned", name));
  }
  if (actual->type() != p.storage)
    return wrong("dtype",
                 fmt::format("{} has dtype {}, expected {}", name, name_of(actual->type()), name_of(p.storage)));
  if (actual->dims() != expected.dims())
    return wrong("shape", fmt::format("{} has shape {}, expected {}", name, to_string(actual->dims()),
                                      to_string(expected.dims())));
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

}  // namespace

double bound_of(const bounded<real>& expected, const precision& p) {
  if (expected.exact()) return 0;
  const format& fmt = format_of(p.storage);
  const double e = expected.error();
  if (fmt == p.accumulator) return e;
  return e + fmt.unit() * (magnitude(expected.value()) + e) + fmt.tiny();
}

finding compare(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual,
                std::span<const std::string> names, const precision& p, const std::string& kind) {
  finding f;
  bool nonfinite = false, failed = false;
  double worst_ratio = -1;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const values<bounded<real>>& want = expected[k];
    if (!want.present()) continue;
    const std::optional<tensor> none;
    const std::optional<tensor>& got = k < actual.size() ? actual[k] : none;
    if (auto trouble = misshapen(want, got, names[k], p)) return *trouble;
    if (!got) continue;
    for (index i = 0; i < want.size(); ++i) {
      const distance d = measure(want[i], got->at(i), p);
      ++f.elements;
      if (want[i].exact() || d.bound < magnitude(want[i].value())) ++f.resolved;
      if (!d.within()) failed = true, nonfinite |= d.nonfinite;
      if (d.ratio() > worst_ratio || std::isnan(d.ratio())) {
        worst_ratio = d.ratio();
        f.worst = describe(names[k], want, i, got->at(i), d, p);
      }
    }
  }
  if (f.worst) f.bound = derivation(*f.worst, p);
  if (failed) {
    f.outcome = verdict::fail;
    f.kind = nonfinite ? "nonfinite" : kind;
    f.reason = fmt::format("{} is {}, not {}", f.worst->where, f.worst->actual, f.worst->expected);
  } else if (f.elements > 0 && f.resolved == 0) {
    f.outcome = verdict::unresolved;
    f.reason = "every bound exceeds its value: the sample is too ill-conditioned to prove anything";
  }
  return f;
}

finding compare(const std::string& where, const real& expected, const real& actual, const real& bound,
                const real& signal, const std::string& kind) {
  const real error = abs(actual - expected);
  finding f;
  f.elements = 1;
  f.resolved = bound < signal ? 1 : 0;
  f.worst = element{.where = where,
                    .expected = expected.decimal(30),
                    .actual = actual.decimal(30),
                    .error = static_cast<double>(error),
                    .bound = static_cast<double>(bound),
                    .ulps = 0};
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
