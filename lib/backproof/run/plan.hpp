// What a run is to do, and who is told what came of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
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
  std::vector<judged_unit> earlier = {};    // of a run that was cut off: its whole units, with which this one begins
  // What a failing subject's numbers look like, in one line: for the failure of each check that is told. It may ask the
  // subject.
  std::function<std::string(const op&, const check&, const sample&, subject&)> diagnose = {};
};

struct listener {
  std::function<void(const result&)> on_result = {};
  std::function<void(const unit_result&)> on_unit = {};  // behind its records
  std::function<void(std::size_t done, std::size_t total, const std::string& unit)> on_progress = {};
};

}  // namespace backproof
