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
  // The records of the units (an op in a dtype) that were judged to their end, in their order. A unit counts as such if
  // another follows it, or if the log has a summary that does not count it among those that were cut short.
  std::vector<result> whole;
  std::uint64_t bytes = 0;  // of the file, up to the end of the last of these records: there a log is gone on with
};

// Throws file_error if it cannot be read, and format_error, one line that begins with the path and the line, if it is
// no event log. A last line without its end is left out; a log without any whole line is that of a run that had not
// begun, and everything in it is empty.
event_log read_event_log(const std::string& path);
event_log parse_event_log(std::string_view text, const std::string& path);

// The inverses of to_json(result) and to_json(run_info). What is told in neither is empty.
result result_from_json(std::string_view line);
run_info run_info_from_json(std::string_view line);

}  // namespace backproof
