// Parsing of JSON that has not been validated; include this in .cpp files only. A limit on the depth of nesting keeps
// hostile text from exhausting the stack; every kind of document has a limit of its own.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace backproof {

// For json::parse: calls `refuse`, which throws, where the text is nested more than `deepest` levels deep.
template <class Refuse>
auto no_deeper_than(int deepest, Refuse refuse) {
  return [deepest, refuse](int depth, auto, auto&) {
    if (depth > deepest) refuse();
    return true;
  };
}

// Throws Trouble, one line that begins with `where`.
template <class Trouble, class Json = nlohmann::ordered_json>
Json parse_untrusted(std::string_view text, int deepest, const std::string& where = "") {
  try {
    return Json::parse(text, no_deeper_than(deepest, [&] { throw Trouble(where + "nested too deeply"); }));
  } catch (const nlohmann::json::exception&) {
    throw Trouble(where + "not valid JSON");
  }
}

}  // namespace backproof
