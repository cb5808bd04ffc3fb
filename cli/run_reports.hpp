// The reports of a run: written line by line while it goes on, or whole at its end. A disk that is full costs what does
// not fit on it, and nothing else.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backproof/run/event_log.hpp"
#include "backproof/run/reporter.hpp"
#include "cli/live_file.hpp"
#include "cli/output_file.hpp"

namespace backproof::cli {

class run_reports {
 public:
  // By the name of each report, its file; none if that is empty. Throws if one cannot be written, before any work is
  // done.
  explicit run_reports(const std::map<std::string, std::string>& files);

  // A log that is gone on with has its beginning already, so many bytes and records of it.
  void begin(const run_info& i, const event_log& earlier);
  void record(const result& r);
  void unit(const unit_result& u);
  // The first thing that went wrong, empty if nothing did.
  std::string end(const run_info& i, const summary& s);

 private:
  struct open_report {
    std::unique_ptr<reporter> renderer;
    std::unique_ptr<live_file> live;     // either this one
    std::unique_ptr<output_file> whole;  // or this

    std::ostream& stream() { return live ? live->stream() : whole->stream(); }
  };

  static void commit(open_report& r);
  void tell_trouble(const live_file& f);

  std::vector<open_report> open_;
  template <class Write>
  void write(Write to);

  std::size_t known_units_ = 0, seen_units_ = 0;
  bool told_ = false;
};

}  // namespace backproof::cli
