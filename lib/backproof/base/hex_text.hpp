// Numbers in hexadecimal, for .cpp files only.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace backproof {

// "0x1.8p+1", which reads back to the very same number. Zero is 0x0p+0 with every version of {fmt}: 10 would write
// 0x0p-1022.
inline std::string hex_text(double x) {
  if (x == 0) return std::signbit(x) ? "-0x0p+0" : "0x0p+0";
  return fmt::format("{:a}", x);
}

}  // namespace backproof
