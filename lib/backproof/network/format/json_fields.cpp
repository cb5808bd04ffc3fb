#include "backproof/network/format/json_fields.hpp"

#include <fmt/format.h>

#include <cmath>

#include "backproof/base/text.hpp"
#include "backproof/base/untrusted_json.hpp"

namespace backproof::networks {
namespace {

constexpr index_t largest_extent = index_t{1} << 31;

}  // namespace

void wrong(const std::string& what) { throw invalid_input(what); }

json parsed(std::string_view text) {
  if (text.size() > limits::document_bytes)
    wrong(fmt::format("the description is larger than {} bytes", limits::document_bytes));
  json doc = parse_untrusted<invalid_input>(text, "the description: ");
  if (!doc.is_object()) wrong("the description is no JSON object");
  return doc;
}

void only(const json& j, const std::set<std::string>& keys) {
  for (const auto& [key, value] : j.items())
    if (!keys.contains(key)) wrong(fmt::format("'{}' is not known here", quotable(key)));
}

std::string text_of(const json& j, const std::string& key) {
  if (!j.at(key).is_string()) wrong(key + " is no text");
  return j.at(key).get<std::string>();
}

double number_of(const json& j, const std::string& key, double otherwise) {
  if (!j.contains(key)) return otherwise;
  if (!j.at(key).is_number() || !std::isfinite(j.at(key).get<double>())) wrong(key + " is no finite number");
  return j.at(key).get<double>();
}

index_t count_of(const json& j, const std::string& key, index_t otherwise) {
  if (!j.contains(key)) return otherwise;
  if (!j.at(key).is_number_integer() || j.at(key).get<index_t>() < 0) wrong(key + " is no count");
  return j.at(key).get<index_t>();
}

shape shape_of(const json& j, const std::string& key) {
  if (!j.at(key).is_array() || j.at(key).size() > limits::axes)
    wrong(fmt::format("{} is no list of up to {} extents", key, limits::axes));
  shape s;
  for (const json& n : j.at(key)) {
    if (!n.is_number_integer() || n.get<index_t>() < 0 || n.get<index_t>() > largest_extent)
      wrong(key + " holds something that is no extent");
    s.push_back(n.get<index_t>());
  }
  return s;
}

void flatten(const json& j, std::size_t level, shape& dims, std::vector<double>& into) {
  if (!j.is_array()) {
    if (!j.is_number() || level != dims.size()) wrong("values are no numbers in even rows");
    into.push_back(j.get<double>());
    return;
  }
  if (level == dims.size()) {
    if (!into.empty()) wrong("values are no numbers in even rows");
    dims.push_back(static_cast<index_t>(j.size()));
  }
  if (dims[level] != static_cast<index_t>(j.size())) wrong("values are no numbers in even rows");
  for (const json& one : j) flatten(one, level + 1, dims, into);
}

}  // namespace backproof::networks
