// The JSON of requests and replies.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "backproof/base/untrusted_json.hpp"

namespace backproof::worker {

using json = nlohmann::ordered_json;

constexpr std::size_t max_message_bytes = 4000;

inline json parse_json(std::string_view text) { return parse_untrusted<std::runtime_error>(text); }

}  // namespace backproof::worker
