#include "backproof/number/dtype.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace backproof {
namespace {

struct row {
  std::string_view name;
  std::size_t bytes;
  format fmt;
};
constexpr std::array<row, 5> rows = {{
    {"f64", 8, {53, -1022, 1023}},
    {"f32", 4, {24, -126, 127}},
    {"f16", 2, {11, -14, 15}},
    {"bf16", 2, {8, -126, 127}},
    {"i64", 8, {0, 0, 0}},
}};
const row& row_of(dtype t) { return rows[static_cast<std::size_t>(t)]; }

// Width of the stored significand of a 16-bit format.
int stored_bits(dtype t) { return format_of(t).precision - 1; }

// The finite numbers of a format in order, numbered so that neighbours differ by one and zero is 0. f64 needs 63 bits.
std::int64_t rank(const format& f, double x) {
  if (x == 0) return 0;
  const double a = std::fabs(x);
  const int e = std::max(std::ilogb(a), f.min_exponent);
  const auto steps = static_cast<std::int64_t>(std::ldexp(a, f.precision - 1 - e));
  const std::int64_t r = steps + (std::int64_t{e - f.min_exponent} << (f.precision - 1));
  return x < 0 ? -r : r;
}

}  // namespace

std::string_view name_of(dtype t) { return row_of(t).name; }
std::size_t bytes_of(dtype t) { return row_of(t).bytes; }
const format& format_of(dtype t) { return row_of(t).fmt; }

std::optional<dtype> dtype_named(std::string_view s) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].name == s) return static_cast<dtype>(i);
  return std::nullopt;
}

double format::unit() const { return std::ldexp(1.0, -precision); }
double format::tiny() const { return std::ldexp(1.0, min_exponent - precision + 1); }
double format::smallest() const { return std::ldexp(1.0, min_exponent); }
double format::largest() const { return std::ldexp(2.0 - std::ldexp(1.0, 1 - precision), max_exponent); }

double round_to(const format& f, double x) {
  if (f.precision == 53 || x == 0 || !std::isfinite(x)) return x;
  constexpr int stored = 52, bias = 1023;
  const auto exponent = [](std::uint64_t bits) { return static_cast<int>(bits >> stored & 0x7ff) - bias; };
  const auto bits = std::bit_cast<std::uint64_t>(x);
  if (exponent(bits) < f.min_exponent) {  // subnormal in the format: a multiple of its smallest number
    const int shift = f.precision - 1 - f.min_exponent;
    // nearbyint rounds to nearest even in the default rounding mode; both scalings are exact.
    return std::ldexp(std::nearbyint(std::ldexp(x, shift)), -shift);
  }
  // Just less than half of the last place, or half of it if that is odd; a carry goes into the exponent, as it should.
  const int dropped = 53 - f.precision;
  const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  const std::uint64_t rounded = (bits + half - 1 + (bits >> dropped & 1)) & ~(2 * half - 1);
  return exponent(rounded) > f.max_exponent ? std::copysign(INFINITY, x) : std::bit_cast<double>(rounded);
}

double round_to(const format& f, const real& x) {
  if (x == real(0) || !isfinite(x)) return static_cast<double>(x);
  const int e = ilogb(x);
  if (e > f.max_exponent) return x < real(0) ? -INFINITY : INFINITY;
  const int shift = f.precision - 1 - std::max(e, f.min_exponent);
  const real scaled = ldexp(x, shift);  // |scaled| < 2^53, to be rounded to an integer, ties to even
  real n = floor(scaled);
  const real rest = scaled - n, half = ldexp(real(1), -1);
  const bool odd = floor(ldexp(n, -1)) != ldexp(n, -1);
  if (rest > half || (rest == half && odd)) n += real(1);
  const double r = std::ldexp(static_cast<double>(n), -shift);
  if (std::fabs(r) > f.largest()) return std::copysign(std::numeric_limits<double>::infinity(), r);
  return r == 0 && x < real(0) ? -0.0 : r;
}

double from_bits(dtype t, std::uint16_t bits) {
  const format& f = format_of(t);
  const int width = stored_bits(t);
  const int fraction = bits & ((1 << width) - 1);
  const int exponent = (bits & 0x7fff) >> width;
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == (0x7fff >> width)) {
    if (fraction != 0) return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
    return sign * std::numeric_limits<double>::infinity();
  }
  const int significand = exponent == 0 ? fraction : fraction | 1 << width;
  return sign * std::ldexp(significand, std::max(exponent, 1) - 1 + f.min_exponent - width);
}

std::uint16_t to_bits(dtype t, double x) {
  const format& f = format_of(t);
  const int width = stored_bits(t);
  const int sign = std::signbit(x) ? 0x8000 : 0;
  const int top = 0x7fff >> width << width;  // all exponent bits set
  if (std::isnan(x)) return static_cast<std::uint16_t>(sign | top | 1 << (width - 1));
  if (std::isinf(x)) return static_cast<std::uint16_t>(sign | top);
  return static_cast<std::uint16_t>(sign | static_cast<int>(std::abs(rank(f, x))));
}

double ulps_between(const format& f, double a, double b) {
  const std::int64_t i = rank(f, a), j = rank(f, b);
  // Unsigned, because the difference of two such ranks may need 64 bits.
  const auto low = static_cast<std::uint64_t>(std::min(i, j)), high = static_cast<std::uint64_t>(std::max(i, j));
  return static_cast<double>(high - low);
}

}  // namespace backproof
