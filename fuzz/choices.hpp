// Decisions made by a fuzzer's input, so that its mutations are mutations of decisions. At the end of the input all
// decisions are the first of their options.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "fuzz/target.hpp"

namespace backproof::fuzz {

class choices {
 public:
  explicit choices(std::string_view bytes) : rest_(bytes) {}

  bool any_left() const { return !rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto b = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }
  std::uint64_t number(int bytes) {
    std::uint64_t n = 0;
    for (int k = 0; k < bytes; ++k) n = n << 8U | byte();
    return n;
  }
  // Below `options`; 0 if there are none.
  std::size_t below(std::size_t options) {
    if (options <= 1) return 0;
    return static_cast<std::size_t>(number(options <= 256 ? 1 : 4) % options);
  }
  template <class List>
  auto of(const List& options) {
    return *(std::begin(options) + static_cast<std::ptrdiff_t>(below(std::size(options))));
  }
  std::string_view text() {
    const std::size_t n = std::min<std::size_t>(byte(), rest_.size());
    const std::string_view t = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return t;
  }

 private:
  std::string_view rest_;
};

}  // namespace backproof::fuzz
