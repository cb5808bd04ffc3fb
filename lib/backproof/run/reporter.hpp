// Reports: renderers of result records. They see nothing but records.
//
// A report is a struct, derived from reporter, in a file of the same name (reports/junit.hpp holds reports::junit). The
// presence of the file gives the command line an option of that name, which takes the file to write.
#pragma once

#include <memory>
#include <ostream>
#include <string_view>

#include "backproof/run/result.hpp"

namespace backproof {

class reporter {
 public:
  virtual ~reporter() = default;
  virtual void begin(const run_info&, std::ostream&) {}
  virtual void record(const result&, std::ostream&) {}
  virtual void unit(const unit_result&, std::ostream&) {}  // behind its records
  virtual void end(const run_info&, const summary&, std::ostream&) {}
};

struct report_info {
  std::string_view name;  // snake_case; the file, the struct, the option and this agree
  std::string_view what;  // one line for the help text
  // Whole after each record, and so worth writing at once: what is there when a run is cut off can be used. Other
  // reports are written at the end, whole or not at all.
  bool written_as_it_happens = false;
};

struct report {
  report_info info;
  std::unique_ptr<reporter> (*make)() = nullptr;
};

template <class Report>
report make_report() {
  return {Report::info, []() -> std::unique_ptr<reporter> { return std::make_unique<Report>(); }};
}

}  // namespace backproof
