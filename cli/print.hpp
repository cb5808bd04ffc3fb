// To standard output. What is printed may come from an adapter or a file: texts among the arguments become one line
// that a terminal shows and does not obey (backproof/base/text.hpp).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "backproof/base/text.hpp"

namespace backproof::cli {

// Several lines: texts from elsewhere may be among them.
struct page {
  std::string text;
};

// Ours alone, and printed as it is: it may hold the codes of a color.
struct colored {
  std::string text;
};

template <class T>
auto shown(const T& x) {
  if constexpr (std::is_same_v<T, colored>) {
    return std::string_view(x.text);
  } else if constexpr (std::is_same_v<T, page>) {
    return visible(x.text);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return unbroken(x);
  } else {
    static_assert(std::is_arithmetic_v<T>, "what is neither a text nor a number says how it is to be shown");
    return x;
  }
}

template <class... T>
void print(fmt::format_string<decltype(shown(std::declval<const T&>()))...> format, const T&... arguments) {
  fmt::print(format, shown(arguments)...);
}

}  // namespace backproof::cli
