#include "backproof/tensor/attributes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>

namespace backproof {

template <class T>
const T& attributes::get(const std::string& name) const {
  const auto found = map_.find(name);
  if (found == map_.end()) throw invalid_input("attribute " + name + " is missing");
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  throw invalid_input("attribute " + name + " has another type");
}

index_t attributes::integer(const std::string& name) const { return get<std::int64_t>(name); }
double attributes::number(const std::string& name) const { return get<double>(name); }
const std::string& attributes::text(const std::string& name) const { return get<std::string>(name); }
const std::vector<index_t>& attributes::integers(const std::string& name) const {
  return get<std::vector<std::int64_t>>(name);
}
const std::vector<double>& attributes::numbers(const std::string& name) const { return get<std::vector<double>>(name); }

std::optional<std::vector<double>> numbers_in(const attribute& a) {
  return std::visit(
      [](const auto& value) -> std::optional<std::vector<double>> {
        using type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<type, std::string>)
          return std::nullopt;
        else if constexpr (std::is_arithmetic_v<type>)
          return std::vector{static_cast<double>(value)};
        else
          return std::vector<double>(value.begin(), value.end());
      },
      a);
}

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
