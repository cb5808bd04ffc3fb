// Comparison of a subject's numbers with the oracle's, element by element, with a computed bound for each
// (tolerance.hpp).
//
// At a kink the element may be any subgradient: an interval instead of a number, and tied elements must share their
// cotangent in full (subdifferential.hpp). The finding says which convention was met.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "backproof/judge/oracle.hpp"
#include "backproof/judge/tolerance.hpp"
#include "backproof/judge/verdict.hpp"
#include "backproof/op/subdifferential.hpp"

namespace backproof {

// A failure that nothing explains, told by its grossest element: what is farthest beyond its bound may be off by next
// to nothing, where that bound is zero. Other findings are left as they are.
finding told_by_its_grossest(finding f, const precision& p);

// Compares whole result lists; names[k] is how result k is called in a finding ("dX"). Shapes and dtypes come first,
// then values. The outcome is pass, fail (with `kind` for wrong values as given) or unresolved.
struct compare_options {
  const subdifferential* kinks = nullptr;
  // Inputs that are not finite, or as large as numbers get, leave more open. The gradient at an element that is NaN may
  // be anything, and so may that of an op in which a NaN meets other elements; and where 0 * inf may occur on one way
  // of computing and not on another (padding, masks), NaN is right wherever it is returned.
  const value_list<real>* nan_inputs = nullptr;
  bool nan_anywhere = false;
  // Next to the largest number, one order of evaluation overflows on its way where another does not.
  bool nonfinite_anywhere = false;
  bool anything = false;
  // Inputs of a function of one variable. Where an element is -0 and the derivative infinite, IEEE arithmetic and the
  // limit from the side on which the function is defined may differ in sign (docs/conventions.md).
  const value_list<real>* one_sided = nullptr;
};
finding compare(const value_list<bounded<real>>& expected, std::span<const std::optional<tensor>> actual,
                std::span<const std::string> names, const precision& p, failure_kind kind,
                const compare_options& options = {},
                std::vector<position>* outside = nullptr);  // outside: of their bounds

// |actual - expected| <= bound for one wide-precision number, as checks on the oracle itself use it. `signal` is the
// magnitude that the bound is to be measured against.
finding compare(const std::string& where, const real& expected, const real& actual, const real& bound,
                const real& signal, failure_kind kind);

}  // namespace backproof
