// The kill matrix: for every mutant in every op, which checks catch it, and after how many samples.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backproof/judge/check.hpp"
#include "backproof/mutation/mutant.hpp"

namespace backproof {

struct kill_matrix_plan {
  std::vector<const mutant*> mutants;
  std::vector<const op*> ops;
  std::uint64_t samples = 49;  // smooth ones; kinks and special values on top, as in a check
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  bool diagnose = true;  // a catch is followed by a diagnosis
  bool first = false;    // a mutant is let go as soon as any check has caught it
  std::function<void(std::size_t done, std::size_t total, const std::string& op)> on_progress = {};
};

// One mutant in one op.
struct encounter {
  const mutant* m = nullptr;
  const op* o = nullptr;
  std::map<const check*, std::uint64_t> killed;  // by these checks, after so many samples
  std::map<const check*, std::uint64_t> graded;  // the same, as inaccurate
  std::string diagnosis;                         // the class of the first match; empty if none
  bool named = false;                            // and the mutant itself is among the matches

  // Digits lost in a known way are graded, not failed: that is how such a bug is caught.
  bool caught() const;
  std::uint64_t after() const;  // samples until the first catch
};

// The honest implementation in the same run: an alarm is a failure of anything.
struct control {
  const op* o = nullptr;
  std::uint64_t judged = 0;
  std::vector<std::string> alarms;  // "Softmax/f32/CHECK/3: reason"
};

struct kill_matrix {
  std::vector<const check*> checks;  // that judge a subject: the columns
  std::vector<encounter> met;        // in the order of mutants, then ops
  std::vector<control> controls;
  std::uint64_t equivalent = 0;  // pairs of mutant and op that are left out, because they are proved equal
  // And those because no answer to any sample depends on what is wrong, with nothing proved.
  std::vector<std::pair<const mutant*, const op*>> without_effect;

  bool all_caught() const;  // but those out of reach, and no alarm
};

kill_matrix run_kill_matrix(const kill_matrix_plan& p);

}  // namespace backproof
