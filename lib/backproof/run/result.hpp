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
  bool internal = false;    // of an error: the defect is backproof's own

  std::string id() const;  // "Sigmoid/f32/CHECK/12"
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
  std::uint64_t ops_executed = 0;  // ops with at least one answer from the subject
  std::uint64_t ops_selected = 0;
  std::vector<std::string> not_run;  // ids left out when the time budget was spent
  std::string first_failure;         // replay command of the first failure that is shown in full
  bool interrupted = false;
  std::vector<std::string> cut_short;  // ids of what was being judged when the interruption came: in part
  bool internal = false;               // a defect of backproof's own was met, and recorded as an error
  bool strict = false;                 // lost digits count as failures
  std::vector<std::string> worse;      // what lost accuracy against the baseline, one line each

  std::uint64_t& operator[](verdict v) { return counts[static_cast<std::size_t>(v)]; }
  std::uint64_t operator[](verdict v) const { return counts[static_cast<std::size_t>(v)]; }
  int exit_code() const;  // 0, 1, 2, 3 or 6 as documented in docs/verdicts.md
};

// JSON of one record, one line, schema backproof.result/1 (docs/result.schema.json).
std::string to_json(const result& r);
std::string to_json(const run_info& i);
std::string to_json(const summary& s);

}  // namespace backproof
