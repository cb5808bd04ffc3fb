// Values in JSON, as they stand on the wire and in files; for .cpp files only. Numbers that JSON has not are strings.
#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "backproof/tensor/attributes.hpp"

namespace backproof {

constexpr std::int64_t exact_in_json = std::int64_t{1} << 53;  // beyond, numbers lose digits in many languages

inline nlohmann::ordered_json json_of(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "Infinity" : "-Infinity";
  return x;
}

inline nlohmann::ordered_json json_of(std::int64_t i) {
  if (i > exact_in_json || i < -exact_in_json) return std::to_string(i);
  return i;
}

nlohmann::ordered_json json_of(const attributes& a);  // with ONNX's types: {"axis": {"type": "int", "value": 1}}

// The other way, where people write no types: a number, a text, or a list of up to 64 numbers. None if it is neither.
std::optional<attribute> attribute_in(const nlohmann::ordered_json& j);

}  // namespace backproof
