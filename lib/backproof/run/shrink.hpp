// Shrinking: a smaller sample that fails in the same way, for people to look at.
//
// First smaller shapes, by drawing the op's samples anew under lower and lower limits, so that attributes and shapes
// always fit together; then numbers with fewer significant bits; then a cotangent with as few entries as possible.
#pragma once

#include <functional>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "backproof/op/scope.hpp"

namespace backproof {

// `fails` must be true for x. At most `tries` samples are put to it, all of them inside of the scope. The result fails
// too, and may be x itself.
sample shrink(const op& o, const sample& x, const std::function<bool(const sample&)>& fails, const scope& inside = {},
              int tries = 400);

}  // namespace backproof
