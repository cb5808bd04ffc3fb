// Fields of a JSON document that has not been validated. Errors are thrown as invalid_input, with one line that
// names the field.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/tensor/shape.hpp"

namespace backproof::networks {

using json = nlohmann::ordered_json;  // the first input is the one that is given first

[[noreturn]] void wrong(const std::string& what);

json parsed(std::string_view text);  // an object, within the limits of base/limits.hpp
void only(const json& j, const std::set<std::string>& keys);
std::string text_of(const json& j, const std::string& key);
double number_of(const json& j, const std::string& key, double otherwise);  // finite
index_t count_of(const json& j, const std::string& key, index_t otherwise);
shape shape_of(const json& j, const std::string& key);
// Nested lists of numbers, all of one length on each level.
void flatten(const json& j, std::size_t level, shape& dims, std::vector<double>& into);

}  // namespace backproof::networks
