// Attributes of an op, with ONNX's names and types: int, float, string, ints, floats.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backproof/tensor/shape.hpp"

namespace backproof {

using attribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

// A sample always states every attribute of its op, so reading one that is absent, or of another type, is an error:
// invalid_input naming it.
class attributes {
 public:
  void set(const std::string& name, attribute value) { map_[name] = std::move(value); }
  bool has(const std::string& name) const { return map_.contains(name); }

  index_t integer(const std::string& name) const;
  bool flag(const std::string& name) const { return integer(name) != 0; }
  double number(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  const std::vector<index_t>& integers(const std::string& name) const;
  const std::vector<double>& numbers(const std::string& name) const;

  auto begin() const { return map_.begin(); }
  auto end() const { return map_.end(); }
  bool empty() const { return map_.empty(); }
  bool operator==(const attributes&) const = default;

 private:
  template <class T>
  const T& get(const std::string& name) const;
  std::map<std::string, attribute> map_;
};

std::optional<std::vector<double>> numbers_in(const attribute& a);  // one, or those of a list; none of a string

std::string to_string(const attributes& a);  // "axis=1 pads=[0,1]"; floats shortest that read back the same

// ONNX-typed JSON, {"axis":{"type":"int","value":1}}, on the wire and in files. Integers beyond 2^53, infinities and
// NaN are strings. Reading throws invalid_input with one line saying what is wrong. (In json_values.cpp.)
std::string to_json(const attributes& a);
attributes attributes_from_json(std::string_view text);

}  // namespace backproof
