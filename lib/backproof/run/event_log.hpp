// The event log of an earlier run, read back: to go on with a run that was cut off.
//
// A log is written line by line while the run goes on, so whatever ends the run, all but its last line is whole. It may
// come from anybody: the text is limited like every document from outside, and nothing that it names is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/run/result.hpp"

namespace backproof {

struct event_log {
  run_info run;
  // The units that were judged to their end, in their order, up to the first that was not.
  std::vector<judged_unit> whole;
  std::uint64_t bytes = 0;  // of the file, up to the end of the last of these units: there a log is gone on with
};

// Throws file_error if it cannot be read, and format_error, one line that begins with the path and the line, if it is
// no event log. A last line without its end is left out; a log without any whole line is that of a run that had not
// begun, and everything in it is empty.
event_log read_event_log(const std::string& path);
event_log parse_event_log(std::string_view text, const std::string& path);

// The inverses of to_json. What is not told there is empty.
result result_from_json(std::string_view line);
unit_result unit_from_json(std::string_view line);
run_info run_info_from_json(std::string_view line);

}  // namespace backproof
