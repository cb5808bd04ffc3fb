#include "backproof/tensor/attributes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "backproof/base/text.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t exact_in_double = std::int64_t{1} << 53;

json encoded(std::int64_t v) {
  if (v > exact_in_double || v < -exact_in_double) return std::to_string(v);
  return v;
}
json encoded(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  return v;
}
json encoded(const std::string& v) { return v; }
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
  if (end != text.size()) throw std::invalid_argument("not a number");
  return value;
}

template <class T>
T decoded(const json& j);
template <>
std::int64_t decoded(const json& j) {
  if (j.is_string())
    return whole<std::int64_t>(j.get<std::string>(), [](auto& s, auto* end) { return std::stoll(s, end); });
  if (!j.is_number_integer() || (j.is_number_unsigned() && j.get<std::uint64_t>() > INT64_MAX))
    throw std::invalid_argument("not an integer of 64 bits");
  return j.get<std::int64_t>();
}
template <>
double decoded(const json& j) {
  if (j.is_string())  // stod reads "NaN" and "-Infinity"
    return whole<double>(j.get<std::string>(), [](auto& s, auto* end) { return std::stod(s, end); });
  if (!j.is_number()) throw std::invalid_argument("not a number");
  return j.get<double>();
}
template <class T>
std::vector<T> decoded_list(const json& j) {
  if (!j.is_array()) throw std::invalid_argument("not a list");
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
  throw std::invalid_argument("unknown type " + type);
}

}  // namespace

std::string to_json(const attributes& a) {
  json out = json::object();
  for (const auto& [name, value] : a)
    out[name] = {{"type", type_names[value.index()]},
                 {"value", std::visit([](const auto& v) { return encoded(v); }, value)}};
  return out.dump();
}

attributes attributes_from_json(std::string_view text) {
  attributes out;
  json j;
  try {
    j = json::parse(text);
  } catch (const json::exception&) {
    throw std::invalid_argument("attributes are not valid JSON");
  }
  if (!j.is_object()) throw std::invalid_argument("attributes are not a JSON object");
  for (const auto& [name, value] : j.items()) {
    try {
      out.set(name, decoded_attribute(value));
    } catch (const std::exception&) {
      throw std::invalid_argument("attribute " + quotable(name) + " is malformed");
    }
  }
  return out;
}

template <class T>
const T& attributes::get(const std::string& name) const {
  const auto found = map_.find(name);
  if (found == map_.end()) throw std::invalid_argument("attribute " + name + " is missing");
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  throw std::invalid_argument("attribute " + name + " has another type");
}

index attributes::integer(const std::string& name) const { return get<std::int64_t>(name); }
double attributes::number(const std::string& name) const { return get<double>(name); }
const std::string& attributes::text(const std::string& name) const { return get<std::string>(name); }
const std::vector<index>& attributes::integers(const std::string& name) const {
  return get<std::vector<std::int64_t>>(name);
}
const std::vector<double>& attributes::numbers(const std::string& name) const { return get<std::vector<double>>(name); }

std::string to_string(const attributes& a) {
  std::string out;
  for (const auto& [name, value] : a) {
    if (!out.empty()) out += ' ';
    out += name + '=';
    std::visit(
        [&]<class T>(const T& v) {
          if constexpr (std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>>)
            out += fmt::format("[{}]", fmt::join(v, ","));
          else
            out += fmt::format("{}", v);
        },
        value);
  }
  return out;
}

}  // namespace backproof
