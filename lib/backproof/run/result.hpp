// Result records: what reports are made of. One record per check and sample, plus what the run was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "backproof/judge/verdict.hpp"

namespace backproof {

struct result {
  std::string op;       // wire name: "Sigmoid"
  std::string domain;   // "ai.onnx" or "backproof"
  std::string subject;  // adapter name
  std::string dtype;
  std::string check;
  std::string claim;
  std::string sample;  // which case: "12", "kink-3"
  finding found;

  // The sample, described: attributes, and one line per tensor with its shape and, if it is small, its elements in
  // hexadecimal, which read back to the very same numbers.
  std::string attributes;
  std::vector<std::string> tensors;
  // Of all failures of a check, for an op and a dtype, the most severe one is told: shrunk, and stored.
  bool told = false;
  std::string shrunk_from;  // of a failure: the shapes as drawn, empty if not shrunk
  std::string file;         // of a failure: the stored counterexample, empty if none
  std::string not_stored;   // of a failure: why there is no such file although there should be one
  std::string hint;         // of a failure: which known bug gives these numbers, in words; empty if nobody looked
  std::string replay;       // of a failure: the command that reproduces the verdict

  std::string id() const;  // "Sigmoid/f32/CHECK/12"
};

// What came of a unit, one op in one dtype, over all its samples. It is `pass` or `inaccurate` only if the subject's
// own results were judged: the values and the gradients (and the JVP, if it offers one) that the checks of the run ask
// for, and every input's gradient in at least one sample that resolves it.
struct unit_result {
  std::string op, domain, subject, dtype;  // as in its records
  verdict outcome = verdict::pass;
  std::string reason;          // why not pass, where no single record says it
  bool declared = false;       // of forward_only: that it has no gradient was said before anything was asked
  bool executed = false;       // the subject answered at least once, or only the reference was to be judged
  bool gradients = false;      // its gradients were judged
  bool internal = false;       // of an error: the defect is backproof's own
  bool cut_short = false;      // by plan::stop: the verdict is the gravest up to there
  std::uint64_t samples = 0;   // drawn
  std::uint64_t answered = 0;  // of them: with a gradient, or with values where none is asked for or offered
  std::int64_t elements = 0;   // compared, of values and gradients
  std::int64_t resolved = 0;   // of them, those whose bound is below their magnitude

  std::string id() const;  // "Sigmoid/f32"
  bool fails() const;      // by itself, whatever its records say
  bool thin() const;       // so few samples were answered that the verdict says little
};

struct judged_unit {
  std::vector<result> cases;
  unit_result whole;
};

struct run_info {
  std::string version;          // of backproof
  std::string subject;          // adapter name
  std::string subject_version;  // of the library behind it
  std::uint64_t seed = 0;
  std::uint64_t samples = 0;  // per op and dtype
  std::string shard;          // "2/5", empty if not sharded
  // What was asked for, so that a run that was cut off can be gone on with.
  std::vector<std::string> ops = {}, checks = {};  // patterns, none for all
  std::vector<std::string> dtypes = {};
  bool exhaustive = false;
  std::string out = {};      // folder for counterexamples
  std::string adapter = {};  // as it was given; to be shown, never to be started
};

struct summary {
  std::array<std::uint64_t, all_verdicts.size()> counts{};
  std::array<std::uint64_t, all_verdicts.size()> units{};  // by what came of them; those not run are in none
  std::uint64_t units_assigned = 0;                        // to this run, or to its shard
  std::uint64_t ops_selected = 0;
  std::uint64_t ops_executed = 0;         // with at least one answer from the subject
  std::uint64_t ops_judged = 0;           // ... whose gradients were judged, in at least one dtype
  std::vector<std::string> forward_only;  // ids of units
  std::vector<std::string> thin;          // "Resize/f32 1 of 124"
  bool unit_fails = false;                // one does by itself
  std::vector<std::string> not_run;       // ids left out when the time budget was spent
  std::string first_failure;              // replay command of the first failure that is shown in full
  bool interrupted = false;
  std::vector<std::string> cut_short;  // ids of what was being judged when the interruption came: in part
  bool internal = false;               // a defect of backproof's own was met, and recorded as an error
  bool strict = false;                 // lost digits count as failures
  std::vector<std::string> worse;      // what lost accuracy against the baseline, one line each

  std::uint64_t& operator[](verdict v) { return counts[static_cast<std::size_t>(v)]; }
  std::uint64_t operator[](verdict v) const { return counts[static_cast<std::size_t>(v)]; }
  std::uint64_t units_that(verdict v) const { return units[static_cast<std::size_t>(v)]; }
  int exit_code() const;  // 0, 1, 2, 3 or 6 as documented in docs/verdicts.md
};

// JSON of one record, one line, schema backproof.result/1 (docs/result.schema.json).
std::string to_json(const result& r);
std::string to_json(const unit_result& u);
std::string to_json(const run_info& i);
std::string to_json(const summary& s);

}  // namespace backproof
