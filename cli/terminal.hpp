// What a person reads while `backproof check` runs: one line per op and dtype, each failure in full once, and the
// counts.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "backproof/run/result.hpp"
#include "cli/print.hpp"

namespace backproof::cli {

enum class color_choice { automatic, always, never };

class terminal {
 public:
  // `notes`: what checks measured is told as well; of many checks that would be too much.
  explicit terminal(color_choice c, bool notes = false);

  void begin(const run_info& i);
  void record(const result& r);
  void unit(const unit_result& u);  // behind its records
  void progress(std::size_t done, std::size_t total, const std::string& unit);
  void end(const summary& s);

  void failure(const result& r);  // in full

 private:
  void row(const unit_result& u);
  void failures_of_unit();
  void clear_progress();
  colored painted(verdict v, const std::string& text) const;

  bool notes_, colored_, live_;
  std::vector<result> unit_;  // the records of one op and dtype, so far
  std::vector<std::string> not_offered_;
  bool progress_shown_ = false;
};

}  // namespace backproof::cli
