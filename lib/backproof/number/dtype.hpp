// Element types of tensors, and the floating-point formats behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "backproof/number/real.hpp"

namespace backproof {

enum class dtype : std::uint8_t { f64, f32, f16, bf16, i64 };

std::string_view name_of(dtype t);                     // "f64", "f32", ...
std::optional<dtype> dtype_named(std::string_view s);  // the inverse; none when unknown
std::size_t bytes_of(dtype t);
inline bool is_float(dtype t) { return t != dtype::i64; }

// A binary floating-point format with gradual underflow: numbers m * 2^e with |m| < 2^precision.
struct format {
  int precision;     // bits of the significand, the hidden one included
  int min_exponent;  // of the smallest normal number 2^min_exponent
  int max_exponent;  // of the largest binade: the largest number is (2 - 2^(1-precision)) * 2^max_exponent

  double unit() const;      // unit roundoff u = 2^-precision
  double tiny() const;      // smallest positive (subnormal) number, 2^(min_exponent - precision + 1)
  double smallest() const;  // smallest positive normal number
  double largest() const;   // largest finite number
  bool operator==(const format&) const = default;
};

const format& format_of(dtype t);  // t must be a float type

// x rounded to nearest, ties to even, with subnormals; beyond the largest number to infinity. The result is exact
// as a double. Rounding a double this way after each + - * / or sqrt done in double gives exactly the result of
// the narrow operation, because 53 >= 2 * precision + 2 for every format but f64 itself.
double round_to(const format& f, double x);
double round_to(const format& f, const real& x);  // one rounding, not two

// Bit patterns of the two 16-bit formats.
double from_bits(dtype t, std::uint16_t bits);
std::uint16_t to_bits(dtype t, double x);  // x must be representable; NaN becomes the quiet NaN

// The number of representable numbers between two finite values of the format: 0 when equal, 1 for neighbours.
double ulps_between(const format& f, double a, double b);

}  // namespace backproof
