// Records in words: what was judged, and on which sample.
#pragma once

#include <string>

#include "backproof/judge/check.hpp"
#include "backproof/run/result.hpp"

namespace backproof {

// The record of one check on one sample before there is a finding.
result blank(const op& o, const subject& s, const check& c, const sample& x);

// "X [2,3], W [3]"
std::string shapes_of(const op& o, const sample& x);

// Attributes, and a line for each tensor, with its elements where a person could still read them.
void describe_sample(result& r, const op& o, const sample& x);

}  // namespace backproof
