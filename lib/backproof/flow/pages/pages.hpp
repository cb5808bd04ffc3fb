// Renders a flow record in each of its formats.
#pragma once

#include <string>
#include <vector>

#include "backproof/base/text.hpp"
#include "backproof/flow/measure/record.hpp"

namespace backproof::flow {

std::string text_of(const flow_record& r);      // for a terminal
std::string json_of(const flow_record& r);      // backproof.flow-report/1 (docs/flow-report.schema.json)
std::string markdown_of(const flow_record& r);  // for a job's summary
std::string html_of(const flow_record& r);      // with the plots, self-contained
std::string junit_of(const flow_record& r);     // one case per rule and layer

std::string slope_text(const flow_record& r, const char* plus_minus);  // "-0.634 ± 0.006": decades per layer
std::string samples_text(const flow_record& r);                        // "20 networks"
std::string short_name(const std::string& text, std::size_t most);     // its end, where names differ

}  // namespace backproof::flow
