// Formats: rounding to nearest, ties to even, with subnormals and overflow, judged by the hardware for float and by
// search among all numbers for the 16-bit formats.
#include "backproof/number/dtype.hpp"

#include <algorithm>
#include <bit>
#include <cfloat>

#include "support.hpp"

namespace backproof::tests::in_dtype {

BOOST_AUTO_TEST_SUITE(dtype)

using backproof::dtype;

namespace {

constexpr std::array<dtype, 2> half_types = {dtype::f16, dtype::bf16};

// All numbers of a 16-bit format from 0 up, by bit pattern, which orders them. In place of the infinity that follows
// the largest number stands the power of two at which it would lie: IEEE 754 rounds to infinity what would round there.
std::vector<double> ladder(dtype t) {
  std::vector<double> all;
  for (std::uint16_t bits = 0;; ++bits) {
    const double x = from_bits(t, bits);
    if (!std::isfinite(x)) break;
    all.push_back(x);
  }
  all.push_back(2 * all.back() - all[all.size() - 2]);
  return all;
}

// The nearest rung, of two equally near ones that with the even bit pattern.
double nearest(const std::vector<double>& rungs, double x) {
  const double a = std::fabs(x);
  const auto above = std::lower_bound(rungs.begin(), rungs.end(), a);
  std::size_t i = static_cast<std::size_t>(above - rungs.begin());
  if (above == rungs.end())
    --i;
  else if (i > 0 && *above != a) {
    // Exact: the rungs have at most 11 bits, and x lies between them.
    const real down = real(a) - real(rungs[i - 1]), up = real(rungs[i]) - real(a);
    if (down < up || (down == up && i % 2 == 1)) --i;
  }
  return std::copysign(i + 1 == rungs.size() ? infinity : rungs[i], x);
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_read_back_and_unknown_ones_do_not) {
  for (const dtype t : {dtype::f64, dtype::f32, dtype::f16, dtype::bf16, dtype::i64})
    BOOST_TEST((dtype_named(name_of(t)) == t));
  for (const char* name : {"", "F32", "f8", "f32 ", "float"}) BOOST_TEST((dtype_named(name) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(sizes_and_kinds_are_right) {
  BOOST_TEST((bytes_of(dtype::f64) == 8 && bytes_of(dtype::f32) == 4 && bytes_of(dtype::i64) == 8));
  BOOST_TEST((bytes_of(dtype::f16) == 2 && bytes_of(dtype::bf16) == 2));
  for (const dtype t : float_types) BOOST_TEST(is_float(t));
  BOOST_TEST(!is_float(dtype::i64));
}

BOOST_AUTO_TEST_CASE(format_limits_are_those_of_the_formats) {
  const format &d = format_of(dtype::f64), &f = format_of(dtype::f32), &h = format_of(dtype::f16);
  BOOST_TEST(
      (d.unit() == DBL_EPSILON / 2 && d.tiny() == DBL_TRUE_MIN && d.smallest() == DBL_MIN && d.largest() == DBL_MAX));
  BOOST_TEST(
      (f.unit() == FLT_EPSILON / 2 && f.tiny() == FLT_TRUE_MIN && f.smallest() == FLT_MIN && f.largest() == FLT_MAX));
  BOOST_TEST((h.unit() == 0x1p-11 && h.tiny() == 0x1p-24 && h.smallest() == 0x1p-14 && h.largest() == 65504));
  const format& b = format_of(dtype::bf16);
  BOOST_TEST((b.unit() == 0x1p-8 && b.tiny() == 0x1p-133 && b.smallest() == FLT_MIN && b.largest() == 0x1.fep127));
}

BOOST_AUTO_TEST_CASE(rounding_to_f32_is_the_hardware_conversion) {
  const format& f = format_of(dtype::f32);
  claim c("round_to f32 against a cast");
  const auto agrees = [&](double x) {
    for (const double s : {x, -x})
      c.require(bool(identical(round_to(f, s), static_cast<double>(static_cast<float>(s)))), [&] { return hex(s); });
  };
  draw random(1, "f32", 0);
  for (int i = 0; i < 100000; ++i) agrees(any_exponent(random, -155, 130));
  for (int i = 0; i < 20000; ++i) {  // ties, and the doubles next to them
    const float a = std::bit_cast<float>(static_cast<std::uint32_t>(random.below(0x7f7fffff)));
    const double tie = (static_cast<double>(a) + static_cast<double>(std::nextafter(a, FLT_MAX))) / 2;
    agrees(tie), agrees(std::nextafter(tie, 0)), agrees(std::nextafter(tie, infinity));
  }
  const double overflow = 0x1.ffffffp127;  // half way from the largest float to 2^128
  agrees(overflow), agrees(std::nextafter(overflow, 0)), agrees(FLT_MAX), agrees(0x1p128), agrees(DBL_MAX);
  agrees(0x1p-149), agrees(0x1p-150), agrees(0x1.8p-150), agrees(std::nextafter(0x1p-150, 1)), agrees(DBL_TRUE_MIN);
  agrees(FLT_MIN), agrees(FLT_MIN - FLT_TRUE_MIN / 2), agrees(0), agrees(infinity);
  BOOST_TEST(std::isnan(round_to(f, not_a_number)));
}

BOOST_AUTO_TEST_CASE(rounding_to_f64_changes_no_double) {
  draw random(1, "f64", 0);
  for (int i = 0; i < 1000; ++i) {
    const auto x = std::bit_cast<double>(random.bits());
    BOOST_TEST(identical(round_to(format_of(dtype::f64), x), x));
  }
}

BOOST_AUTO_TEST_CASE(sixteen_bit_formats_have_the_numbers_that_their_definitions_say) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {  // bf16 is the upper half of f32
    const double expected = std::bit_cast<float>(bits << 16);
    if (!identical(from_bits(dtype::bf16, static_cast<std::uint16_t>(bits)), expected))
      BOOST_ERROR("bf16 bits " << bits);
  }
  const std::vector<std::pair<std::uint16_t, double>> known = {
      {0x0000, 0},          {0x8000, -0.0},      {0x0001, 0x1p-24},     {0x03ff, 0x1.ff8p-15}, {0x0400, 0x1p-14},
      {0x3555, 0x1.554p-2}, {0x3c00, 1},         {0x3c01, 0x1.004p0},   {0xc000, -2},          {0x7bff, 65504},
      {0x7c00, infinity},   {0xfc00, -infinity}, {0x7e00, not_a_number}};
  for (const auto& [bits, x] : known) BOOST_TEST(identical(from_bits(dtype::f16, bits), x));
}

BOOST_AUTO_TEST_CASE(every_bit_pattern_of_the_sixteen_bit_formats_comes_back) {
  for (const dtype t : half_types) {
    claim c("bits -> number -> bits");
    for (std::uint32_t i = 0; i < 0x10000; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const double x = from_bits(t, bits);
      if (std::isnan(x)) {  // comes back as the quiet NaN
        const std::uint16_t back = to_bits(t, x);
        c.require(std::isnan(from_bits(t, back)), [&] { return std::to_string(i); });
      } else {
        c.require(to_bits(t, x) == bits, [&] { return std::to_string(i); });
        c.require(bool(identical(round_to(format_of(t), x), x)), [&] { return hex(x); });
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rounding_to_sixteen_bits_finds_the_nearest_number_and_the_even_one_of_two) {
  for (const dtype t : half_types) {
    const std::vector<double> rungs = ladder(t);
    claim c("round_to against a search");
    const auto agrees = [&](double x) {
      for (const double s : {x, -x})
        c.require(bool(identical(round_to(format_of(t), s), nearest(rungs, s))), [&] { return hex(s); });
    };
    for (std::size_t i = 0; i + 1 < rungs.size(); ++i) {
      const double tie = rungs[i] + (rungs[i + 1] - rungs[i]) / 2;  // exact: one more bit
      agrees(tie), agrees(std::nextafter(tie, 0)), agrees(std::nextafter(tie, infinity));
    }
    draw random(1, name_of(t), 0);
    for (int i = 0; i < 20000; ++i) agrees(any_exponent(random, -145, 130));
    agrees(DBL_MAX), agrees(DBL_TRUE_MIN);
  }
}

BOOST_AUTO_TEST_CASE(rounding_a_wide_number_agrees_with_rounding_a_double) {
  for (const dtype t : float_types) {
    claim c("round_to real against round_to double");
    draw random(1, name_of(t), 1);
    const auto agrees = [&](double x) {
      c.require(bool(identical(round_to(format_of(t), real(x)), round_to(format_of(t), x))), [&] { return hex(x); });
    };
    for (int i = 0; i < 5000; ++i) {
      agrees(any_exponent(random, -160, 135));
      // Few bits, so that many are ties.
      agrees(std::ldexp(static_cast<double>(random.between(-5000, 5000)), static_cast<int>(random.between(-160, 120))));
    }
    for (const double x : {0.0, -0.0, DBL_MAX, DBL_TRUE_MIN, -DBL_TRUE_MIN, infinity, -infinity, not_a_number})
      agrees(x);
  }
}

BOOST_AUTO_TEST_CASE(a_wide_number_is_rounded_once_and_not_by_way_of_double) {
  for (const dtype t : {dtype::f32, dtype::f16, dtype::bf16}) {
    const format& f = format_of(t);
    // A hair above a tie, and the hair is too thin for a double.
    const real above = real(1 + f.unit()) + ldexp(real(1), -100), below = real(1 + 3 * f.unit()) - ldexp(real(1), -100);
    BOOST_TEST(round_to(f, above) == 1 + 2 * f.unit());
    BOOST_TEST(round_to(f, -above) == -1 - 2 * f.unit());
    BOOST_TEST(round_to(f, below) == 1 + 2 * f.unit());
    BOOST_TEST(round_to(f, static_cast<double>(above)) == 1);  // what two roundings would give
    const real tie = ldexp(real(f.tiny()), -1);
    BOOST_TEST(identical(round_to(f, tie), 0));
    BOOST_TEST(identical(round_to(f, -tie), -0.0));
    BOOST_TEST(round_to(f, tie + ldexp(tie, -100)) == f.tiny());
    BOOST_TEST(round_to(f, -tie - ldexp(tie, -100)) == -f.tiny());
  }
  BOOST_TEST(round_to(format_of(dtype::f64), real(1) + ldexp(real(1), -53) + ldexp(real(1), -130)) == 1 + DBL_EPSILON);
}

BOOST_AUTO_TEST_CASE(numbers_beyond_the_range_of_double_overflow_and_underflow) {
  for (const dtype t : float_types) {
    const format& f = format_of(t);
    BOOST_TEST(identical(round_to(f, ldexp(real(1), 5000)), infinity));
    BOOST_TEST(identical(round_to(f, ldexp(real(-1), 5000)), -infinity));
    BOOST_TEST(identical(round_to(f, ldexp(real(1), -5000)), 0));
    BOOST_TEST(identical(round_to(f, ldexp(real(-1), -5000)), -0.0));
    const real half_beyond = real(f.largest()) + ldexp(real(1), f.max_exponent - f.precision);
    BOOST_TEST(identical(round_to(f, half_beyond), infinity));
    BOOST_TEST(identical(round_to(f, half_beyond - ldexp(real(1), f.max_exponent - 100)), f.largest()));
  }
}

BOOST_AUTO_TEST_CASE(neighbours_are_one_ulp_apart_in_every_format) {
  draw random(1, "ulps", 0);
  claim c("ulps_between neighbours");
  for (int i = 0; i < 1000; ++i) {
    const double x = any_exponent(random, -1074, 1022), y = std::nextafter(x, infinity);
    c.require(ulps_between(format_of(dtype::f64), x, y) == 1, [&] { return hex(x); });
    const float a = static_cast<float>(any_exponent(random, -149, 126)), b = std::nextafter(a, FLT_MAX);
    c.require(ulps_between(format_of(dtype::f32), double{a}, double{b}) == 1, [&] { return hex(double{a}); });
  }
  for (const dtype t : float_types) {
    const format& f = format_of(t);
    BOOST_TEST(ulps_between(f, 1, 1) == 0);
    BOOST_TEST(ulps_between(f, 0.0, -0.0) == 0);
    BOOST_TEST(ulps_between(f, f.tiny(), -f.tiny()) == 2);
    BOOST_TEST(ulps_between(f, 1 - f.unit(), 1 + 2 * f.unit()) == 2);  // across a power of two
    BOOST_TEST(ulps_between(f, f.smallest(), f.smallest() - f.tiny()) == 1);
  }
}

BOOST_AUTO_TEST_CASE(ulps_count_the_numbers_between_two) {
  for (const dtype t : half_types) {
    const std::vector<double> rungs = ladder(t);
    const format& f = format_of(t);
    for (std::size_t i = 0; i + 1 < rungs.size(); i += 97)
      for (std::size_t j = 0; j + 1 < rungs.size(); j += 1009) {
        const double distance = std::fabs(static_cast<double>(i) - static_cast<double>(j));
        BOOST_TEST(ulps_between(f, rungs[i], rungs[j]) == distance);
        BOOST_TEST(ulps_between(f, -rungs[i], rungs[j]) == static_cast<double>(i + j));
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_dtype
