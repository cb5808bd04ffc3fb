// Verdicts, and what a check finds on one sample.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/judge/histogram.hpp"

namespace backproof {

enum class verdict : std::uint8_t {
  pass,          // every element within its bound
  inaccurate,    // outside the stable bound, but explained by a named lossy variant
  fail,          // wrong, and no known formula explains it
  unresolved,    // the bound exceeds the signal: nothing was proved
  forward_only,  // of an op in a dtype: its values were judged, and no gradient
  vacuous,       // there was nothing to get wrong: nothing was tested
  skip,          // the subject declared that it cannot
  error,         // the adapter or the host broke, not the op
  crash,
  timeout,
};
constexpr std::array<verdict, 10> all_verdicts = {
    verdict::pass,    verdict::inaccurate, verdict::fail,  verdict::unresolved, verdict::forward_only,
    verdict::vacuous, verdict::skip,       verdict::error, verdict::crash,      verdict::timeout,
};
std::string_view name_of(verdict v);
std::optional<verdict> verdict_named(std::string_view name);

// Where several verdicts meet, that of the largest gravity is told.
int gravity(verdict v);
// Something has to be done about it, by somebody.
bool is_trouble(verdict v);

// In which way a result fails. Records and reports call them by these names.
enum class failure_kind : std::uint8_t {
  none,  // it does not
  wrong_value,
  wrong_gradient,
  nonfinite,  // NaN or infinity where a number is due, or the other way round
  wrong_shape,
  wrong_dtype,
  missing_gradient,
  unasked_gradient,  // of an input for which nobody asked
  subgradient,       // at a kink, and none of those that are right there
  law,               // two things that should agree do not, and no element is to blame
  nondeterminism,
  mutation_of_inputs,
  rejected,  // a question that the subject should have answered
};
std::string_view name_of(failure_kind k);
std::optional<failure_kind> failure_kind_named(std::string_view name);

// One element of a tensor, and how far off it is. Numbers are kept as text so that none loses digits on its way
// into a report: `expected` has up to 20 significant digits, `actual` is what the subject returned, shortest form.
struct element {
  std::string where;  // "dX[2]" or "Y[0,3]"
  std::string expected, actual;
  double error = 0, bound = 0;
  double ulps = 0;  // distance from the correctly rounded expected value; NaN for what is no element, such as a law
};

struct finding {
  verdict outcome = verdict::pass;
  failure_kind kind = failure_kind::none;  // of a fail
  std::string reason;                      // one line; why not pass
  std::string variant;                     // of an inaccurate: the name of the lossy variant
  std::string convention;  // where kinks were hit: which subgradient was met, "slope 0" or "ties: first"
  std::string bound;       // how the bound was made, in words
  std::string note;        // what was measured, in words, and the number by which notes are ranked
  double measured = 0;
  std::string unproved;          // what a pass leaves open, in words
  std::optional<element> worst;  // the element with the largest error / bound; of a fail it may be the grossest
  // Of a fail: the element that is most wrong by the scale of its tensor, and how much of that scale its error is, 1
  // for all of it or more (severity_of). Where nothing can be measured, as of a result that is missing, it is 1 as
  // well.
  std::optional<element> grossest = {};
  double severity = 1;
  std::int64_t elements = 0;                  // compared
  std::int64_t resolved = 0;                  // of them, those whose bound is below their magnitude
  std::vector<std::string> resolved_in = {};  // the results that have such elements: "Y", "dX"
  double max_ulps = 0;
  histogram ulps;   // of all elements compared: distance from the correctly rounded value
  histogram slack;  // of the elements that are off at all: bound / error
};

inline finding skipped(std::string reason) {
  finding f;
  f.outcome = verdict::skip;
  f.reason = std::move(reason);
  return f;
}

inline finding failed(failure_kind kind, std::string reason) {
  finding f;
  f.outcome = verdict::fail;
  f.kind = kind;
  f.reason = std::move(reason);
  return f;
}

inline finding unresolved(std::string reason) {
  finding f;
  f.outcome = verdict::unresolved;
  f.reason = std::move(reason);
  return f;
}

}  // namespace backproof
