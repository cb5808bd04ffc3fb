// The run loop: ops x dtypes x samples x checks, put to a subject.
//
// Lifetimes: a plan points to ops and checks of the registries, and nothing may be added to those while it runs
// (op/registry.hpp). Records are handed to the listener by reference, for the time of the call.
// Threads: there are at most `jobs` of them, each with a subject of its own. The factory and `diagnose` may be called
// by several threads at once; the listener is called by one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backproof/judge/check.hpp"
#include "backproof/judge/subject.hpp"
#include "backproof/run/result.hpp"

namespace backproof {

struct plan {
  std::vector<const op*> ops;
  std::vector<const check*> checks;
  std::vector<dtype> dtypes;
  std::uint64_t samples = 49;  // smooth ones; a quarter as many at kinks, and each special value, come on top
  bool exhaustive = false;     // unary ops in 16-bit formats at every number that there is
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  double budget_seconds = 0;                // 0: none. Units not begun by then are listed as not run
  std::uint64_t shard = 1, shards = 1;      // this run's part, 1-based: by a fixed hash of op and dtype
  std::string counterexamples;              // folder for failures; empty: they are not stored
  std::string program = "backproof";        // for replay commands: how this program was called
  std::string adapter_argument;             // and with which --adapter
  const std::atomic<bool>* stop = nullptr;  // set from outside to interrupt
  std::vector<result> earlier = {};         // of a run that was cut off: its whole units, with which this one begins
  // What a failing subject's numbers look like, in one line: for the failure of each check that is told. It may ask the
  // subject.
  std::function<std::string(const op&, const check&, const sample&, subject&)> diagnose = {};
};

struct listener {
  std::function<void(const result&)> on_result;
  std::function<void(std::size_t done, std::size_t total, const std::string& unit)> on_progress;
};

// Results arrive in the order of op, dtype, case and check, whatever `jobs` is. Throws adapter_error if no subject can
// be started at all, and invalid_input if `earlier` is of another plan. What goes wrong in a unit (one op in one dtype)
// costs that unit alone: it gets a record with the verdict `error`, and the run goes on. A counterexample that cannot
// be stored is told in its record (not_stored).
summary run(const plan& p, const subject_factory& make, const listener& to);

// The line that judges a stored or tokened sample again, to be pasted into a shell.
std::string replay_command(const std::string& program, const std::string& what, const std::string& adapter);

// One sample, one check.
finding judge(const op& o, const check& c, subject& s, const sample& x);
finding judge(const check& c, trial& t);  // on a trial that other checks use too

// The same as a whole record, with the sample described; file and replay are left empty.
result judge_in_full(const op& o, const check& c, subject& s, const sample& x);

}  // namespace backproof
