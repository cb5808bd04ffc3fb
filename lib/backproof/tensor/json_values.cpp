#include "backproof/tensor/json_values.hpp"

#include <algorithm>
#include <array>

#include "backproof/base/text.hpp"
#include "backproof/base/untrusted_json.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

json encoded(const std::string& v) { return v; }
template <class T>
json encoded(const T& v) {
  return json_of(v);
}
template <class T>
json encoded(const std::vector<T>& v) {
  json list = json::array();
  for (const T& e : v) list.push_back(encoded(e));
  return list;
}

constexpr std::array<std::string_view, 5> type_names = {"int", "float", "string", "ints", "floats"};

// A number that takes up the whole text.
template <class T, class Parse>
T whole(const std::string& text, Parse parse) {
  std::size_t end = 0;
  const T value = parse(text, &end);
  if (end != text.size()) throw invalid_input("not a number");
  return value;
}

template <class T>
T decoded(const json& j);
template <>
std::int64_t decoded(const json& j) {
  if (j.is_string())
    return whole<std::int64_t>(j.get<std::string>(), [](auto& s, auto* end) { return std::stoll(s, end); });
  if (!j.is_number_integer() || (j.is_number_unsigned() && j.get<std::uint64_t>() > INT64_MAX))
    throw invalid_input("not an integer of 64 bits");
  return j.get<std::int64_t>();
}
template <>
double decoded(const json& j) {
  if (j.is_string())  // stod reads "NaN" and "-Infinity"
    return whole<double>(j.get<std::string>(), [](auto& s, auto* end) { return std::stod(s, end); });
  if (!j.is_number()) throw invalid_input("not a number");
  return j.get<double>();
}
template <class T>
std::vector<T> decoded_list(const json& j) {
  if (!j.is_array()) throw invalid_input("not a list");
  std::vector<T> list;
  for (const json& e : j) list.push_back(decoded<T>(e));
  return list;
}

attribute decoded_attribute(const json& j) {
  const std::string type = j.at("type").get<std::string>();
  const json& value = j.at("value");
  if (type == "int") return decoded<std::int64_t>(value);
  if (type == "float") return decoded<double>(value);
  if (type == "string") return value.get<std::string>();
  if (type == "ints") return decoded_list<std::int64_t>(value);
  if (type == "floats") return decoded_list<double>(value);
  throw invalid_input("unknown type " + type);
}

}  // namespace

nlohmann::ordered_json json_of(const attributes& a) {
  json out = json::object();
  for (const auto& [name, value] : a)
    out[name] = {{"type", type_names[value.index()]},
                 {"value", std::visit([](const auto& v) { return encoded(v); }, value)}};
  return out;
}

std::string to_json(const attributes& a) { return json_of(a).dump(); }

std::optional<attribute> attribute_in(const json& j) {
  constexpr std::size_t longest = 64;
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (!j.is_array() || j.size() > longest) return std::nullopt;
  if (std::all_of(j.begin(), j.end(), [](const json& e) { return e.is_number_integer(); }))
    return j.get<std::vector<std::int64_t>>();
  if (std::all_of(j.begin(), j.end(), [](const json& e) { return e.is_number(); })) return j.get<std::vector<double>>();
  return std::nullopt;
}

attributes attributes_from_json(std::string_view text) {
  attributes out;
  const json j = parse_untrusted<invalid_input>(text, "attributes: ");
  if (!j.is_object()) throw invalid_input("attributes are not a JSON object");
  for (const auto& [name, value] : j.items()) {
    try {
      out.set(name, decoded_attribute(value));
    } catch (const std::exception&) {
      throw invalid_input("attribute " + quotable(name) + " is malformed");
    }
  }
  return out;
}

}  // namespace backproof
