// Diagnosis: which known bug would give the numbers that a subject gave?
//
// The subject's answers to the failing sample, and to a few others that tell bugs apart, are compared with those of
// every mutant of the op. An answer agrees with another one if each element is within a few of the bounds that two
// right evaluations of it would have: a wrong formula rounds about as often as the right one.
#pragma once

#include <string>
#include <vector>

#include "backproof/judge/check.hpp"
#include "backproof/mutation/mutant.hpp"

namespace backproof {

// Those that agree with the subject wherever it was asked, real bugs of this very op first.
std::vector<const mutant*> matching_mutants(const op& o, const check& c, const sample& x, subject& s);

// The same in words: "matches: ... (seen in ...)", "matches any of: ...", "no known bug gives these numbers".
std::string diagnose(const op& o, const check& c, const sample& x, subject& s);

}  // namespace backproof
