// Random questions about ops, as RapidCheck draws and shrinks them.
//
// A question is what a sample is drawn from: it prints in one line, and that line is all that is needed to see the same
// sample again. Shrinking lowers the limit of the extents first, then the number of the case.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ostream>
#include <sstream>
#include <string>

#include "backproof/judge/oracle.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::properties {

struct question {
  const op* o;
  dtype type;
  std::uint64_t seed, number;
  index_t limit;
  profile made_for;

  sample draw() const { return draw_sample(*o, type, seed, number, limit, 0, made_for); }
};

inline std::ostream& operator<<(std::ostream& out, const question& q) {
  return out << q.o->info.name << "/" << name_of(q.type) << ", seed " << q.seed << ", case "
             << case_name(q.made_for, q.number) << ", limit " << q.limit;
}

inline rc::Gen<dtype> any_float_type() { return rc::gen::element(dtype::f64, dtype::f32, dtype::f16, dtype::bf16); }

// `smooth` questions stay away from kinks and special values. No other cases come up than a run has.
inline rc::Gen<question> any_question(const op& o, bool smooth = true) {
  return rc::gen::map(
      rc::gen::tuple(
          rc::gen::inRange<index_t>(1, no_limit + 1), rc::gen::inRange<std::uint64_t>(0, 200), any_float_type(),
          rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, 1000000)),
          smooth ? rc::gen::just(profile::smooth) : rc::gen::element(profile::smooth, profile::kink, profile::special)),
      [&o](const auto& t) {
        const auto& [limit, number, type, seed, wanted] = t;
        const profile p = draws(o, type, wanted) ? wanted : profile::smooth;
        return question{&o, type, seed, number % cases_of(p), limit, p};
      });
}

// Whether RC_PARAMS asks for other questions than the fixed ones. RapidCheck announces the seed it would take
// otherwise, which must not be a random one.
inline bool exploring() {
  static const bool asked = std::getenv("RC_PARAMS") != nullptr;
  if (!asked) ::setenv("RC_PARAMS", "seed=1", 0);
  return asked;
}

// Tries a property so many times, and reports the smallest counterexample as a failure of the running test case. The
// seed is 1 unless RC_PARAMS says otherwise.
template <class Property>
void holds(const std::string& about, int times, Property property) {
  const rc::detail::TestMetadata metadata{about, about};
  rc::detail::TestParams fixed;
  fixed.seed = 1;
  fixed.maxSuccess = times;
  const auto result = exploring() ? rc::detail::checkTestable(property, metadata)
                                  : rc::detail::checkTestable(property, metadata, fixed);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  BOOST_TEST((result.template is<rc::detail::SuccessResult>()), about << ": " << text.str());
}

// Under sanitizers, which look at how and not at how often, a quarter of the questions has to do.
#if defined(BACKPROOF_SANITIZED)
constexpr int patience = 4;
#else
constexpr int patience = 1;
#endif

// property(question) for every op in the registry, each with questions of its own: `times` were there sixteen ops,
// fewer as there are more, but ten (or two, under sanitizers).
template <class Property>
void holds_for_every_op(int times, Property property, bool smooth = true) {
  times = std::max(10 / patience, times * 16 / static_cast<int>(all_ops().size()));
  for (const op& o : all_ops()) holds(std::string(o.info.name), times, [&] { property(*any_question(o, smooth)); });
}

}  // namespace backproof::properties
