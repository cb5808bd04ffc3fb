// JSON for people and programs that are not ours; include this in .cpp files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "backproof/base/text.hpp"

namespace backproof {

// Valid JSON in valid UTF-8, whatever bytes the strings in it hold, and nothing in it steers a terminal that shows the
// file. Bytes that are not UTF-8 become U+FFFD. An indent below 0 is one line.
template <class Json>
std::string report_json(const Json& document, int indent = -1) {
  return with_json_escapes(document.dump(indent, ' ', false, Json::error_handler_t::replace));
}

}  // namespace backproof
