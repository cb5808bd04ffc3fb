// A failure as a program of its own, for a bug report: it needs a compiler or NumPy, and nothing of backproof.
//
// It holds the sample in hexadecimal, which reads back to the very same numbers, the right result with its bounds, and
// a function that returns what the subject returned, for people to put a call of theirs in its place. It exits with 1
// as long as an element is out of its bound.
#pragma once

#include <string>

#include "backproof/run/counterexample.hpp"

namespace backproof::cli {

enum class language { numpy, cpp };

// Throws stop_with if there is no reference, or the subject gives no answer.
std::string reproducer_of(const counterexample& c, trial& t, language l);

}  // namespace backproof::cli
