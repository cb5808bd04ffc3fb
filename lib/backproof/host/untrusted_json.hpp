// JSON from adapters and manifests; include this in .cpp files only. It is parsed with limits, and its accessors name
// the member that is missing or of the wrong type.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "backproof/base/error.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/host/process.hpp"

namespace backproof::host {

using json = nlohmann::ordered_json;

// One line that names the place: "ops[3].dtypes: expected an array".
class json_trouble : public invalid_input {
 public:
  using invalid_input::invalid_input;
};

inline json parse_untrusted(std::string_view text) {
  return backproof::parse_untrusted<json_trouble>(text, "", {.values = limits::message_values});
}

// The member of an object; null if it is absent, or if this is no object.
inline const json* member(const json& j, const char* name) {
  if (!j.is_object()) return nullptr;
  const auto found = j.find(name);
  return found == j.end() ? nullptr : &*found;
}

inline std::string text_or(const json& j, const char* name, const std::string& otherwise, const std::string& where) {
  const json* m = member(j, name);
  if (m == nullptr || m->is_null()) return otherwise;
  if (!m->is_string()) throw json_trouble(where + name + ": expected a string");
  return one_line(m->get_ref<const std::string&>());
}

inline std::string text_at(const json& j, const char* name, const std::string& where) {
  std::string text = text_or(j, name, "", where);
  if (text.empty()) throw json_trouble(where + name + ": expected a string that is not empty");
  return text;
}

inline const json& array_at(const json& j, const char* name, std::size_t most, std::string_view where) {
  const json* m = member(j, name);
  if (m == nullptr || !m->is_array()) throw json_trouble(std::string(where) + name + ": expected an array");
  if (m->size() > most) throw json_trouble(std::string(where) + name + ": too long");
  return *m;
}

}  // namespace backproof::host
