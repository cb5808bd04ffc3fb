// Dual numbers against differences at wide precision: each elementary function, each operation.
#include "backproof/number/dual.hpp"

#include <functional>

#include "support.hpp"

namespace backproof::tests::in_dual {

BOOST_AUTO_TEST_SUITE(dual)

using backproof::dual;

namespace {

using number = dual<real>;

// f'(x) by central differences with h = 2^-p/3: the truncation error h^2 f'''/6 and the rounding error eps |f| / h are
// then both of order eps^(2/3), some 2^-110. What is asked for leaves a factor of 2^20 for f''' and |f|.
template <class F>
void agrees_with_differences(const char* name, F f, const std::vector<double>& points) {
  const real h = ldexp(real(1), ilogb(real::epsilon()) / 3);
  const real tolerance = h * h * ldexp(real(1), 20);
  for (const double p : points) {
    const real x(p);
    const number y = f(number(x, real(3)));
    const real ahead = f(number(x + h, real(0))).value, behind = f(number(x - h, real(0))).value;
    const real slope = (ahead - behind) / (real(2) * h);
    BOOST_TEST_CONTEXT(name << " at " << p) {
      BOOST_TEST(within(y.tangent, real(3) * slope, tolerance * math::max(abs(slope), real(1))));
      BOOST_TEST((y.value == f(number(x, real(0))).value));
    }
  }
}

const std::vector<double> everywhere = {-3.25, -1.5, -0.3, 0.01, 0.7, 1.3, 4.5};
const std::vector<double> inside = {-0.9, -0.4, 0.05, 0.3, 0.8};
const std::vector<double> positive = {0.01, 0.5, 1.5, 7.25};
const std::vector<double> above_one = {1.1, 2, 7.25};

}  // namespace

BOOST_AUTO_TEST_CASE(every_elementary_function_carries_its_derivative) {
  agrees_with_differences("exp", math::exp<number>, everywhere);
  agrees_with_differences("expm1", math::expm1<number>, everywhere);
  agrees_with_differences("log", math::log<number>, positive);
  agrees_with_differences("log1p", math::log1p<number>, inside);
  agrees_with_differences("sqrt", math::sqrt<number>, positive);
  agrees_with_differences("sin", math::sin<number>, everywhere);
  agrees_with_differences("cos", math::cos<number>, everywhere);
  agrees_with_differences("tan", math::tan<number>, inside);
  agrees_with_differences("asin", math::asin<number>, inside);
  agrees_with_differences("acos", math::acos<number>, inside);
  agrees_with_differences("atan", math::atan<number>, everywhere);
  agrees_with_differences("sinh", math::sinh<number>, everywhere);
  agrees_with_differences("cosh", math::cosh<number>, everywhere);
  agrees_with_differences("tanh", math::tanh<number>, everywhere);
  agrees_with_differences("asinh", math::asinh<number>, everywhere);
  agrees_with_differences("acosh", math::acosh<number>, above_one);
  agrees_with_differences("atanh", math::atanh<number>, inside);
  agrees_with_differences("erf", math::erf<number>, everywhere);
  agrees_with_differences("erfc", math::erfc<number>, everywhere);
  agrees_with_differences("abs", math::abs<number>, everywhere);
  agrees_with_differences("floor", math::floor<number>, everywhere);
  agrees_with_differences("ceil", math::ceil<number>, everywhere);
}

BOOST_AUTO_TEST_CASE(functions_of_two_arguments_carry_both_derivatives) {
  const number two(2), minus(-1.5);
  agrees_with_differences(
      "pow(x, 2)", [&](const number& x) { return math::pow(x, two); }, everywhere);
  agrees_with_differences(
      "pow(x, -1.5)", [&](const number& x) { return math::pow(x, minus); }, positive);
  agrees_with_differences(
      "pow(2, x)", [&](const number& x) { return math::pow(two, x); }, everywhere);
  agrees_with_differences(
      "pow(x, x)", [](const number& x) { return math::pow(x, x); }, positive);
  agrees_with_differences(
      "atan2(x, 2)", [&](const number& x) { return math::atan2(x, two); }, everywhere);
  agrees_with_differences(
      "atan2(2, x)", [&](const number& x) { return math::atan2(two, x); }, everywhere);
  agrees_with_differences(
      "max", [](const number& x) { return math::max(x, x * x); }, everywhere);
}

BOOST_AUTO_TEST_CASE(operations_follow_the_rules_of_differentiation) {
  const number c(3.5);
  agrees_with_differences(
      "sum and product", [&](const number& x) { return x * x * c + x - c; }, everywhere);
  agrees_with_differences(
      "quotient", [&](const number& x) { return (x + c) / (x * x + number(1)); }, everywhere);
  agrees_with_differences(
      "in place",
      [&](number x) {
        x += c;
        x *= x;
        x -= number(2);
        x /= c;
        return -x;
      },
      everywhere);
}

BOOST_AUTO_TEST_CASE(the_derivative_of_tanh_keeps_its_digits_far_out) {
  // 1/cosh^2 = 4 exp(-2x) up to a factor 1 + 2 exp(-2x), which is 1 to all digits at x = 80.
  const real x(80), expected = real(4) * math::exp(real(-160));
  BOOST_TEST(within(math::tanh(number(x, real(1))).tangent, expected, expected * ldexp(real::epsilon(), 10)));
}

BOOST_AUTO_TEST_CASE(constants_have_no_tangent_and_comparisons_look_at_the_value) {
  BOOST_TEST((number(2.5).tangent == real(0) && number(2).tangent == real(0)));
  const number a(real(1), real(5)), b(real(2), real(-5)), c(real(1), real(7));
  BOOST_TEST((a < b && b > a && a <= b && b >= a && a == c && a != b && !(a < c)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_dual
