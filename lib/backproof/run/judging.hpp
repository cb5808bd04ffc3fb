// One check on one sample.
#pragma once

#include <string>

#include "backproof/judge/check.hpp"
#include "backproof/run/result.hpp"

namespace backproof {

// The line that judges a stored or tokened sample again, to be pasted into a shell.
std::string replay_command(const std::string& program, const std::string& what, const std::string& adapter);

// One sample, one check.
finding judge(const op& o, const check& c, subject& s, const sample& x);
finding judge(const check& c, trial& t);  // on a trial that other checks use too

// The same as a whole record, with the sample described; file and replay are left empty.
result judge_in_full(const op& o, const check& c, subject& s, const sample& x);

}  // namespace backproof
