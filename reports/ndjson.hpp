// The event log: one JSON object per line, schema backproof.result/1 (docs/result.schema.json). It is the truth that
// every other report is a projection of.
#pragma once

#include "backproof/run/reporter.hpp"

namespace backproof::reports {

struct ndjson : reporter {
  static constexpr report_info info{
      .name = "ndjson", .what = "event log, one JSON object per line", .written_as_it_happens = true};

  void begin(const run_info& i, std::ostream& out) override { out << to_json(i) << '\n'; }
  void record(const result& r, std::ostream& out) override { out << to_json(r) << '\n'; }
  void unit(const unit_result& u, std::ostream& out) override { out << to_json(u) << '\n'; }
  void end(const run_info&, const summary& s, std::ostream& out) override { out << to_json(s) << '\n'; }
};

}  // namespace backproof::reports
