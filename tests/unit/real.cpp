// The wide scalar: exact where it says so, right to all but its last digits elsewhere, and never throwing.
#include "backproof/number/real.hpp"

#include <bit>
#include <cfloat>
#include <cstdint>

#include "backproof/number/math.hpp"
#include "support.hpp"

namespace backproof::tests::in_real {

BOOST_AUTO_TEST_SUITE(real)

using backproof::real;

namespace {

// Relative accuracy asked of elementary functions: 256 units in the last place, 48 digits of 50. An identity of a few
// operations on such values is asked for a few times that.
real accuracy(double times = 1) { return real(times) * ldexp(real::epsilon(), 8); }

assertion_result close(const real& actual, const real& expected, double times = 4) {
  return within(actual, expected, accuracy(times) * abs(expected));
}

// Numbers at which identities are tried: both signs, from 2^low to 2^high.
template <class F>
void at_many_points(int low, int high, F f, std::uint64_t seed = 1) {
  draw random(seed, "real", 0);
  for (int i = 0; i < 300; ++i) f(real(any_exponent(random, low, high)));
}

using function = real (*)(const real&);
struct named_function {
  const char* name;
  function f;
};
const std::vector<named_function> functions = {
    {"exp", math::exp<real>},     {"expm1", math::expm1<real>}, {"log", math::log<real>},
    {"log1p", math::log1p<real>}, {"sqrt", math::sqrt<real>},   {"sin", math::sin<real>},
    {"cos", math::cos<real>},     {"tan", math::tan<real>},     {"asin", math::asin<real>},
    {"acos", math::acos<real>},   {"atan", math::atan<real>},   {"sinh", math::sinh<real>},
    {"cosh", math::cosh<real>},   {"tanh", math::tanh<real>},   {"asinh", math::asinh<real>},
    {"acosh", math::acosh<real>}, {"atanh", math::atanh<real>}, {"erf", math::erf<real>},
    {"erfc", math::erfc<real>},   {"abs", math::abs<real>},     {"floor", math::floor<real>},
    {"ceil", math::ceil<real>}};

}  // namespace

BOOST_AUTO_TEST_CASE(every_double_comes_back_unchanged) {
  draw random(1, "bits", 0);
  claim c("double -> real -> double");
  const auto returns = [&](double x) {
    const auto back = static_cast<double>(real(x));
    c.require(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(x), [&] { return hex(x); });
  };
  for (int i = 0; i < 20000; ++i)
    if (const auto x = std::bit_cast<double>(random.bits()); !std::isnan(x)) returns(x);
  for (const double x : {0.0, -0.0, DBL_MIN, DBL_MAX, DBL_TRUE_MIN, DBL_MIN - DBL_TRUE_MIN, infinity})
    returns(x), returns(-x);
  for (int e = -1074; e <= 1023; ++e) returns(std::ldexp(1.0, e));
}

BOOST_AUTO_TEST_CASE(every_integer_enters_exactly) {
  BOOST_TEST((real(INT64_MIN) == -ldexp(real(1), 63)));
  BOOST_TEST((real(INT64_MAX) == ldexp(real(1), 63) - real(1)));
  for (const long long n : {0ll, 1ll, -1ll, (1ll << 53) + 1, -(1ll << 62) - 1, static_cast<long long>(INT64_MAX)})
    BOOST_TEST(static_cast<long long>(real(n)) == n);
  BOOST_TEST(static_cast<long long>(real(2.75)) == 2);
  BOOST_TEST(static_cast<long long>(real(-2.75)) == -2);
}

BOOST_AUTO_TEST_CASE(conversion_to_double_rounds_once_to_nearest_even) {
  const real one(1), half_ulp = ldexp(one, -53), less = ldexp(one, -120);
  BOOST_TEST(identical(static_cast<double>(one + half_ulp), 1));
  BOOST_TEST(identical(static_cast<double>(one + half_ulp + less), 1 + DBL_EPSILON));
  BOOST_TEST(identical(static_cast<double>(one + real(3) * half_ulp), 1 + 2 * DBL_EPSILON));
  BOOST_TEST(identical(static_cast<double>(one + real(3) * half_ulp - less), 1 + DBL_EPSILON));
  // The largest double, and half a unit beyond it, from which on the result is infinite.
  const real half_beyond = ldexp(one, 970), largest(DBL_MAX);
  BOOST_TEST(identical(static_cast<double>(largest + half_beyond - ldexp(one, 900)), DBL_MAX));
  BOOST_TEST(identical(static_cast<double>(largest + half_beyond), infinity));
  BOOST_TEST(identical(static_cast<double>(-ldexp(one, 5000)), -infinity));
  // Subnormal numbers have fewer bits to round to, and zero is one of them.
  const real tiny(DBL_TRUE_MIN), half_tiny = ldexp(tiny, -1);
  BOOST_TEST(identical(static_cast<double>(half_tiny), 0));
  BOOST_TEST(identical(static_cast<double>(half_tiny + ldexp(tiny, -100)), DBL_TRUE_MIN));
  BOOST_TEST(identical(static_cast<double>(tiny + half_tiny), 2 * DBL_TRUE_MIN));
  BOOST_TEST(identical(static_cast<double>(tiny + half_tiny - ldexp(tiny, -100)), DBL_TRUE_MIN));
  BOOST_TEST(identical(static_cast<double>(real(DBL_MIN) - half_tiny), DBL_MIN));
  BOOST_TEST(identical(static_cast<double>(ldexp(one, -5000)), 0));
}

BOOST_AUTO_TEST_CASE(sums_and_products_of_doubles_are_exact) {
  draw random(1, "exact", 0);
  claim c("a + b and a * b");
  for (int i = 0; i < 5000; ++i) {
    // Knuth's two-sum and the fused multiply-add split the exact result into two doubles. Exponents are such that both
    // parts are normal and the sum spans fewer bits than `real` has.
    const double a = any_exponent(random, -50, 50), b = any_exponent(random, -50, 50);
    const double s = a + b, bb = s - a, rest = (a - (s - bb)) + (b - bb), p = a * b;
    c.require(real(a) + real(b) == real(s) + real(rest), [&] { return hex(a) + " + " + hex(b); });
    c.require(real(a) * real(b) == real(p) + real(std::fma(a, b, -p)), [&] { return hex(a) + " * " + hex(b); });
    c.require(real(a) - real(b) == -(real(b) - real(a)), [&] { return hex(a) + " - " + hex(b); });
  }
}

BOOST_AUTO_TEST_CASE(quotients_and_roots_are_right_to_the_last_digit) {
  draw random(1, "rounded", 0);
  claim c("a / b and sqrt(a)");
  for (int i = 0; i < 1000; ++i) {
    const real a(any_exponent(random, -900, 900)), b(any_exponent(random, -900, 900));
    // |q - a/b| <= eps/2 |q| gives |q b - a| <= eps/2 |a| (1 + eps/2), and the product is rounded again.
    const real q = a / b, r = sqrt(abs(a));
    c.require(abs(q * b - a) <= real::epsilon() * abs(a) * real(1.25), [&] { return (q * b - a).decimal(3); });
    // Likewise |r^2 - a| <= eps |a|, once more rounded.
    c.require(abs(r * r - abs(a)) <= real::epsilon() * abs(a) * real(1.75), [&] { return (r * r).decimal(60); });
  }
}

BOOST_AUTO_TEST_CASE(division_by_zero_is_that_of_ieee_754) {
  const real zero(0), minus_zero(-0.0);
  BOOST_TEST(identical(static_cast<double>(real(1) / zero), infinity));
  BOOST_TEST(identical(static_cast<double>(real(-1) / zero), -infinity));
  BOOST_TEST(identical(static_cast<double>(real(1) / minus_zero), -infinity));
  BOOST_TEST(identical(static_cast<double>(real(-1) / minus_zero), infinity));
  BOOST_TEST(identical(static_cast<double>(real::infinity() / zero), infinity));
  BOOST_TEST(isnan(zero / zero));
  BOOST_TEST(isnan(real::nan() / zero));
  BOOST_TEST(identical(static_cast<double>(real(1) / real::infinity()), 0));
}

BOOST_AUTO_TEST_CASE(infinities_and_nan_behave_as_in_double) {
  const real inf = real::infinity(), nan = real::nan();
  BOOST_TEST((inf > real(DBL_MAX) && -inf < real(-DBL_MAX)));
  BOOST_TEST((!isfinite(inf) && !isfinite(nan) && isfinite(real(DBL_MAX)) && !isnan(inf) && isnan(nan)));
  for (const real& x : {inf - inf, inf * real(0), inf / inf, inf + nan, nan * real(0)}) BOOST_TEST(isnan(x));
  BOOST_TEST(!(nan == nan));
  BOOST_TEST((nan != nan));
  BOOST_TEST((!(nan < real(1)) && !(nan <= real(1)) && !(nan > real(1)) && !(nan >= real(1)) && !(nan == real(1))));
  BOOST_TEST((!(real(1) < nan) && !(real(1) <= nan)));
  BOOST_TEST(std::isnan(static_cast<double>(nan)));
  BOOST_TEST((inf + real(1) == inf && -inf - real(1) == -inf));
}

BOOST_AUTO_TEST_CASE(zeros_are_equal_and_keep_their_sign) {
  BOOST_TEST((real(0) == real(-0.0)));
  BOOST_TEST(signbit(real(-0.0)));
  BOOST_TEST(!signbit(real(0.0)));
  BOOST_TEST(signbit(-real(0.0)));
  BOOST_TEST(signbit(real(-3)));
  BOOST_TEST(!signbit(abs(real(-0.0))));
}

BOOST_AUTO_TEST_CASE(floor_ceil_ldexp_and_ilogb_are_exact) {
  draw random(1, "floor", 0);
  claim c("against double");
  for (int i = 0; i < 2000; ++i) {
    const double x = any_exponent(random, -20, 60);
    c.require(floor(real(x)) == real(std::floor(x)) && ceil(real(x)) == real(std::ceil(x)) &&
                  abs(real(x)) == real(std::fabs(x)) && ilogb(real(x)) == std::ilogb(x) &&
                  ldexp(real(x), 37) == real(std::ldexp(x, 37)),
              [&] { return hex(x); });
  }
  BOOST_TEST((floor(real::infinity()) == real::infinity()));
  BOOST_TEST(ilogb(ldexp(real(1), -3000)) == -3000);
  BOOST_TEST((ldexp(ldexp(real(3), 9000), -9000) == real(3)));
}

BOOST_AUTO_TEST_CASE(constants_agree_with_published_digits) {
  // The first 60 digits, as in OEIS A000796, A001113, A002162, A002193, and Abramowitz and Stegun, table 7.1, for erf.
  const auto published = [](const char* digits) { return backproof::real(std::string(digits)); };
  BOOST_TEST(close(real::pi(), published("3.14159265358979323846264338327950288419716939937510582097494")));
  BOOST_TEST(close(exp(real(1)), published("2.71828182845904523536028747135266249775724709369995957496697")));
  BOOST_TEST(close(log(real(2)), published("0.693147180559945309417232121458176568075500134360255254120680")));
  BOOST_TEST(close(sqrt(real(2)), published("1.41421356237309504880168872420969807856967187537694807317668")));
  // Ten decimal digits are in the table; the others are checked by the series below.
  BOOST_TEST(within(erf(real(1)), published("0.8427007929"), real(5e-11)));
}

BOOST_AUTO_TEST_CASE(exponential_and_logarithm_satisfy_their_functional_equations) {
  at_many_points(-60, 5, [](const real& x) {
    BOOST_TEST(close(exp(x) * exp(-x), real(1)));
    BOOST_TEST(within(log(exp(x)), x, accuracy(4) * math::max(abs(x), real(1))));
  });
  at_many_points(-300, 300, [](const real& x) {
    // log loses no more than its result's own magnitude allows: |log x| is at least 2^-54 here, or x is 1.
    const real a = abs(x), y = log(a);
    BOOST_TEST(within(log(real(3) * a), log(real(3)) + y, accuracy(4) * (abs(y) + real(2))));
  });
  at_many_points(-60, -3, [](const real& d) {
    if (abs(d) >= real(1)) return;
    BOOST_TEST(close(log(real(1) + d), log1p(d)));  // 1 + d is exact: d has 53 bits, the last one 2^-113
  });
}

BOOST_AUTO_TEST_CASE(expm1_and_log1p_keep_their_digits_near_zero) {
  at_many_points(-1000, -80, [](const real& x) {
    // Taylor's series; the first term left out is below |x|^3 2^-2, or 2^-242 of the whole.
    BOOST_TEST(within(expm1(x), x + x * x / real(2) + x * x * x / real(6), accuracy() * abs(x)));
    BOOST_TEST(within(log1p(x), x - x * x / real(2) + x * x * x / real(3), accuracy() * abs(x)));
  });
  at_many_points(-80, 4, [](const real& x) {
    const real e = expm1(x);
    BOOST_TEST(close(expm1(real(2) * x), e * (e + real(2))));  // e > -1: nothing cancels
    if (abs(x) < real(1)) BOOST_TEST(close(log1p(e), x, 8));
  });
  at_many_points(
      -40, 9, [](const real& x) { BOOST_TEST(within(expm1(x), exp(x) - real(1), accuracy(2) * (exp(x) + real(1)))); });
}

BOOST_AUTO_TEST_CASE(hyperbolic_functions_satisfy_their_identities_to_every_digit) {
  at_many_points(-1000, -80, [](const real& x) {  // x + x^3/6, and its inverse x - x^3/6
    const real cube = x * x * x / real(6);
    BOOST_TEST(within(sinh(x), x + cube, accuracy() * abs(x)));
    BOOST_TEST(within(asinh(x), x - cube, accuracy() * abs(x)));
    BOOST_TEST(within(tanh(x), x - real(2) * cube, accuracy() * abs(x)));
    BOOST_TEST(within(atanh(x), x + real(2) * cube, accuracy() * abs(x)));
  });
  at_many_points(-80, 5, [](const real& x) {
    const real s = sinh(x), c = cosh(x);
    BOOST_TEST(close(sinh(real(2) * x), real(2) * s * c, 8));
    BOOST_TEST(within(c * c - s * s, real(1), accuracy(8) * c * c));
    BOOST_TEST(close(asinh(s), x, 8));
    BOOST_TEST(close(tanh(x), s / c, 8));
    BOOST_TEST((sinh(-x) == -s && cosh(-x) == c && tanh(-x) == -tanh(x) && asinh(-x) == -asinh(x)));
  });
  at_many_points(-80, 0, [](const real& x) {
    // atanh's condition number at t = tanh x is t / ((1 - t^2) x) = sinh(2x) / (2x) <= 14 for |x| < 2.
    BOOST_TEST(close(atanh(tanh(x)), x, 64));
  });
  at_many_points(-80, 60, [](const real& t) {  // acosh(1 + t) = 2 asinh(sqrt(t/2)), where neither side cancels
    BOOST_TEST(close(acosh(real(1) + abs(t)), real(2) * asinh(sqrt(abs(t) / real(2))), 8));
  });
}

BOOST_AUTO_TEST_CASE(atanh_is_odd_up_to_the_ends_of_its_domain) {
  for (int k = 1; k <= 53; ++k) {
    const real x = real(1) - ldexp(real(1), -k);  // exact; (1 + x) / (1 - x) = 2^(k+1) - 1
    const real expected = log(ldexp(real(1), k + 1) - real(1)) / real(2);
    BOOST_TEST(close(atanh(x), expected));
    BOOST_TEST(close(atanh(-x), -expected));
  }
}

BOOST_AUTO_TEST_CASE(circular_functions_satisfy_their_identities) {
  at_many_points(-1000, -80, [](const real& x) {
    const real cube = x * x * x / real(6);
    BOOST_TEST(within(sin(x), x - cube, accuracy() * abs(x)));
    BOOST_TEST(within(asin(x), x + cube, accuracy() * abs(x)));
    BOOST_TEST(within(tan(x), x + real(2) * cube, accuracy() * abs(x)));
    BOOST_TEST(within(atan(x), x - real(2) * cube, accuracy() * abs(x)));
  });
  at_many_points(-80, 6, [](const real& x) {
    const real s = sin(x), c = cos(x);
    BOOST_TEST(within(s * s + c * c, real(1), accuracy(8)));
    // Argument reduction by 2 pi is right to |x| eps, whatever is left of sin and cos.
    const real reduction = accuracy(8) * math::max(abs(x), real(1));
    BOOST_TEST(within(sin(real(2) * x), real(2) * s * c, reduction * math::min(abs(x), real(1))));
    BOOST_TEST(within(tan(x) * c, s, reduction * math::min(abs(x), real(1))));
    BOOST_TEST(close(atan(x) + atan(real(1) / x), x < real(0) ? -real::pi() / real(2) : real::pi() / real(2)));
    BOOST_TEST(close(tan(atan(x)), x, 4 * static_cast<double>(abs(x) + real(2))));
  });
  at_many_points(-80, -1, [](const real& x) {
    BOOST_TEST(close(sin(asin(x)), x, 8));
    BOOST_TEST(close(asin(x) + acos(x), real::pi() / real(2)));
  });
}

BOOST_AUTO_TEST_CASE(atan2_gives_the_angle_in_the_right_quadrant) {
  draw random(1, "atan2", 0);
  for (int i = 0; i < 200; ++i) {
    const real y(any_exponent(random, -20, 20)), x(any_exponent(random, -20, 20));
    const real angle = atan2(y, x), r = sqrt(x * x + y * y);
    BOOST_TEST(within(r * cos(angle), x, accuracy(8) * r));
    BOOST_TEST(within(r * sin(angle), y, accuracy(8) * r));
    BOOST_TEST((abs(angle) <= real::pi()));
  }
  BOOST_TEST(close(atan2(real(1), real(0)), real::pi() / real(2)));
  BOOST_TEST(isnan(atan2(real::nan(), real(1))));
}

BOOST_AUTO_TEST_CASE(erf_agrees_with_its_all_positive_series) {
  // erf x = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 .. (2n+1)): no cancellation at any x.
  const auto series = [](const real& x) {
    real term = x, total = x;
    for (int n = 1; n < 400; ++n) total += term *= real(2) * x * x / real(2 * n + 1);
    return real(2) / sqrt(real::pi()) * exp(-(x * x)) * total;
  };
  at_many_points(-300, 1, [&](const real& x) {
    BOOST_TEST(close(erf(x), series(x), 8));
    BOOST_TEST(within(erf(x) + erfc(x), real(1), accuracy(8)));
    BOOST_TEST((erf(-x) == -erf(x)));
  });
}

BOOST_AUTO_TEST_CASE(erfc_agrees_with_its_continued_fraction_in_the_far_tail) {
  // Laplace: erfc x = exp(-x^2) / sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ..)))). After N levels the error is
  // near exp(-2 x sqrt(2 N)): below 1e-200 for x >= 3 and N = 3000.
  for (double x = 3; x < 80; x *= 1.25) {
    real tail(x);
    for (int n = 3000; n > 0; --n) tail = real(x) + real(n) / real(2) / tail;
    BOOST_TEST(close(erfc(real(x)), exp(-(real(x) * real(x))) / sqrt(real::pi()) / tail, 4 + x * x));
    BOOST_TEST(close(erfc(real(-x)), real(2) - erfc(real(x))));
  }
}

BOOST_AUTO_TEST_CASE(powers_agree_with_products_and_roots) {
  draw random(1, "pow", 0);
  for (int i = 0; i < 200; ++i) {
    const real x(std::fabs(any_exponent(random, -6, 6))), y(random.uniform(-8, 8));
    BOOST_TEST(close(pow(x, real(3)), x * x * x, 16));
    BOOST_TEST(close(pow(-x, real(3)), -(x * x * x), 16));
    BOOST_TEST(close(pow(-x, real(2)), x * x, 16));
    BOOST_TEST(close(pow(x, real(0.5)), sqrt(x), 16));
    BOOST_TEST(close(pow(x, y), exp(y * log(x)), 256));  // |y log x| < 50 multiplies the error of the exponent
    BOOST_TEST(close(pow(x, -y) * pow(x, y), real(1), 256));
  }
}

BOOST_AUTO_TEST_CASE(powers_of_special_values_are_those_of_ieee_754) {
  const real inf = real::infinity(), nan = real::nan(), zero(0), one(1), two(2);
  const auto gives = [](const real& x, const real& y, double expected) {
    return identical(static_cast<double>(pow(x, y)), expected);
  };
  BOOST_TEST(gives(zero, zero, 1));
  BOOST_TEST(gives(one, inf, 1));
  BOOST_TEST(gives(zero, two, 0));
  BOOST_TEST(gives(zero, real(-2), infinity));
  BOOST_TEST(gives(two, inf, infinity));
  BOOST_TEST(gives(two, -inf, 0));
  BOOST_TEST(gives(real(0.5), inf, 0));
  BOOST_TEST(gives(inf, two, infinity));
  BOOST_TEST(gives(inf, real(-1), 0));
  BOOST_TEST(gives(real(-2), real(0.5), not_a_number));
  BOOST_TEST(gives(nan, two, not_a_number));
  BOOST_TEST(gives(two, nan, not_a_number));
}

BOOST_AUTO_TEST_CASE(huge_arguments_give_limits) {
  const real huge(1e300);
  BOOST_TEST((exp(huge) == real::infinity() && exp(-huge) == real(0)));
  BOOST_TEST((expm1(huge) == real::infinity() && expm1(-huge) == real(-1)));
  BOOST_TEST((tanh(huge) == real(1) && tanh(-huge) == real(-1)));
  BOOST_TEST((sinh(huge) == real::infinity() && sinh(-huge) == -real::infinity() && cosh(-huge) == real::infinity()));
  BOOST_TEST((erf(huge) == real(1) && erf(-huge) == real(-1) && erfc(huge) == real(0) && erfc(-huge) == real(2)));
  BOOST_TEST(close(asinh(huge), log(real(2) * huge)));
  BOOST_TEST(close(acosh(huge), log(real(2) * huge)));
  BOOST_TEST(close(atan(huge), real::pi() / real(2)));
  BOOST_TEST(close(log1p(huge), log(huge)));
  for (const auto& [name, f] : functions) {
    BOOST_TEST_INFO(name);
    for (const double x : {1e300, -1e300, infinity, -infinity, DBL_TRUE_MIN, -DBL_TRUE_MIN, 0.0})
      BOOST_CHECK_NO_THROW(f(real(x)));
  }
}

BOOST_AUTO_TEST_CASE(infinite_arguments_give_limits) {
  const real inf = real::infinity();
  BOOST_TEST((exp(inf) == inf && exp(-inf) == real(0) && log(inf) == inf && sqrt(inf) == inf && log1p(inf) == inf));
  BOOST_TEST((tanh(inf) == real(1) && tanh(-inf) == real(-1) && asinh(-inf) == -inf && acosh(inf) == inf));
  BOOST_TEST((erf(-inf) == real(-1) && erfc(inf) == real(0) && sinh(-inf) == -inf && cosh(-inf) == inf));
  BOOST_TEST(close(atan(-inf), -real::pi() / real(2)));
  BOOST_TEST((isnan(sin(inf)) && isnan(cos(inf)) && isnan(tan(inf))));
}

BOOST_AUTO_TEST_CASE(nan_goes_in_and_comes_out) {
  for (const auto& [name, f] : functions) BOOST_TEST(isnan(f(real::nan())), name);
}

BOOST_AUTO_TEST_CASE(domain_errors_give_nan_or_the_limit) {
  for (const auto& [f, x] : std::vector<std::pair<function, double>>{{math::log<real>, -1},
                                                                     {math::sqrt<real>, -1},
                                                                     {math::asin<real>, 1.5},
                                                                     {math::acos<real>, -1.5},
                                                                     {math::acosh<real>, 0.5},
                                                                     {math::atanh<real>, 2},
                                                                     {math::log1p<real>, -2}})
    BOOST_TEST(isnan(f(real(x))));
  BOOST_TEST((log(real(0)) == -real::infinity() && log1p(real(-1)) == -real::infinity()));
  BOOST_TEST((atanh(real(1)) == real::infinity() && atanh(real(-1)) == -real::infinity()));
  BOOST_TEST((acosh(real(1)) == real(0) && sqrt(real(0)) == real(0)));
}

BOOST_AUTO_TEST_CASE(odd_functions_keep_the_sign_of_zero) {
  for (const function f : {math::expm1<real>, math::log1p<real>, math::sqrt<real>}) BOOST_TEST(signbit(f(real(-0.0))));
}

BOOST_AUTO_TEST_CASE(enough_decimals_read_back_to_the_same_number) {
  // 1 + ceil(p log10 2) digits tell apart numbers of p bits; p log10 2 < BACKPROOF_DIGITS + 2.
  claim c("decimal round trip");
  at_many_points(-300, 300, [&](const real& x) {
    const real y = x / real(3);  // all bits in use
    c.require(real(y.decimal(BACKPROOF_DIGITS + 5)) == y, [&] { return y.decimal(60); });
  });
  BOOST_TEST(real(0.5).decimal(3) == "5.00e-01");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_number_is_refused) {
  for (const char* text :
       {"abc", "1.2.3", "--1", "1 2", "1e3666666666666666666", "6e-366666666666666666663", "1e1000000000"})
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_THROW(real(std::string(text)), invalid_input);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_real
