// What a subject is asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace backproof {

enum class mode : std::uint8_t { forward, vjp, jvp };
constexpr std::array<mode, 3> all_modes = {mode::forward, mode::vjp, mode::jvp};
constexpr std::string_view name_of(mode m) {
  constexpr std::array<std::string_view, 3> names = {"forward", "vjp", "jvp"};
  return names[static_cast<std::size_t>(m)];
}

// One value for each mode.
template <class T>
struct by_mode {
  std::array<T, all_modes.size()> of{};
  T& operator[](mode m) { return of[static_cast<std::size_t>(m)]; }
  const T& operator[](mode m) const { return of[static_cast<std::size_t>(m)]; }
};

}  // namespace backproof
