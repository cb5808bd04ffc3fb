// The emulated formats: + - * / and sqrt bit for bit as the hardware does them, sums in the order that was asked for.
#include "backproof/number/rounded.hpp"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <thread>

#include "support.hpp"

namespace backproof::tests::in_rounded {

BOOST_AUTO_TEST_SUITE(rounded)

using backproof::rounded;

namespace {

const format& f32 = format_of(dtype::f32);

// Any float but NaN; half of them near 1, so that sums cancel and quotients are ordinary.
float any_float(draw& random) {
  if (random.chance(0.5)) return static_cast<float>(any_exponent(random, -4, 4));
  for (;;)
    if (const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits())); !std::isnan(x)) return x;
}

struct terms {
  std::vector<float> a, b;
  terms(draw& random, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      a.push_back(static_cast<float>(any_exponent(random, -8, 8)));
      b.push_back(static_cast<float>(any_exponent(random, -8, 8)));
    }
  }
};

double dot(const terms& t, const arithmetic& how) {
  const rounded::use in_force(how);
  sum<rounded> s;
  for (std::size_t i = 0; i < t.a.size(); ++i) s.add_product(double{t.a[i]}, double{t.b[i]});
  return static_cast<double>(s.value());
}

double total(const std::vector<float>& a, const arithmetic& how) {
  const rounded::use in_force(how);
  sum<rounded> s;
  for (const float x : a) s += rounded(double{x});
  return static_cast<double>(s.value());
}

// The loops that a programmer would write, in float.
float forward(const std::vector<float>& a, const std::vector<float>& b) {
  float s = 0;
  for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

float halves(const std::vector<float>& p, std::size_t first, std::size_t n) {
  if (n == 0) return 0;
  if (n == 1) return p[first];
  return halves(p, first, n / 2) + halves(p, first + n / 2, n - n / 2);
}

float eight_lanes(const std::vector<float>& p) {
  float lane[8] = {};
  for (std::size_t i = 0; i < p.size(); ++i) lane[i % 8] += p[i];
  float s = 0;
  for (const float x : lane) s += x;
  return s;
}

}  // namespace

BOOST_AUTO_TEST_CASE(f32_operations_are_bit_identical_to_the_hardware) {
  const rounded::use in_force({.fmt = f32});
  draw random(1, "operations", 0);
  claim c("rounded against float");
  for (int i = 0; i < 100000; ++i) {
    const float a = any_float(random), b = any_float(random);
    const rounded x(double{a}), y(double{b});
    const auto same = [&](rounded r, float expected, const char* what) {
      c.require(bool(identical(static_cast<double>(r), double{expected})),
                [&] { return hex(double{a}) + " " + what + " " + hex(double{b}); });
    };
    same(x + y, a + b, "+");
    same(x - y, a - b, "-");
    same(x * y, a * b, "*");
    same(x / y, a / b, "/");
    same(sqrt(abs(x)), std::sqrt(std::fabs(a)), "sqrt");
    same(-x, -a, "minus");
    c.require((x < y) == (a < b) && (x <= y) == (a <= b) && (x == y) == (a == b), [] { return "comparison"; });
  }
}

BOOST_AUTO_TEST_CASE(f32_results_in_the_subnormal_range_are_bit_identical_to_the_hardware) {
  const rounded::use in_force({.fmt = f32});
  draw random(1, "subnormal", 0);
  claim c("rounded against float, underflowing");
  for (int i = 0; i < 50000; ++i) {
    const float a = static_cast<float>(any_exponent(random, -75, -60)),
                b = static_cast<float>(any_exponent(random, -85, -62));
    const float big = static_cast<float>(any_exponent(random, 60, 75));
    const auto same = [&](rounded r, float expected) {
      c.require(bool(identical(static_cast<double>(r), double{expected})), [&] { return hex(double{expected}); });
    };
    same(rounded(double{a}) * rounded(double{b}), a * b);
    same(rounded(double{a}) / rounded(double{big}), a / big);
    const float s = a * b, t = b * b;
    same(rounded(double{s}) + rounded(double{t}), s + t);
  }
}

BOOST_AUTO_TEST_CASE(sixteen_bit_operations_are_rounded_once) {
  for (const dtype t : {dtype::f16, dtype::bf16}) {
    const format& f = format_of(t);
    const rounded::use in_force({.fmt = f});
    draw random(1, name_of(t), 0);
    claim c("rounded against real rounded once");
    for (int i = 0; i < 5000; ++i) {
      const rounded x(any_exponent(random, -12, 10)), y(any_exponent(random, -12, 10));
      const real a(static_cast<double>(x)), b(static_cast<double>(y));
      const auto same = [&](rounded r, const real& exact) {
        c.require(bool(identical(static_cast<double>(r), round_to(f, exact))), [&] { return exact.decimal(20); });
      };
      same(x + y, a + b);
      same(x - y, a - b);
      same(x * y, a * b);
      same(x / y, a / b);
      same(sqrt(abs(x)), math::sqrt(math::abs(a)));
    }
  }
}

BOOST_AUTO_TEST_CASE(elementary_functions_are_within_one_ulp) {
  // libm's double result is off by at most an ulp of double, which moves the one rounding to f32 by at most one step.
  const rounded::use in_force({.fmt = f32});
  draw random(1, "functions", 0);
  for (int i = 0; i < 200; ++i) {
    const rounded x(any_exponent(random, -8, 3));
    const real v(static_cast<double>(x));
    const auto near = [&](rounded r, const real& exact) {
      BOOST_TEST(ulps_between(f32, static_cast<double>(r), round_to(f32, exact)) <= 1);
    };
    near(exp(x), math::exp(v));
    near(expm1(x), math::expm1(v));
    near(log(abs(x)), math::log(math::abs(v)));
    near(log1p(abs(x)), math::log1p(math::abs(v)));
    near(sin(x), math::sin(v));
    near(cos(x), math::cos(v));
    near(tan(x), math::tan(v));
    near(atan(x), math::atan(v));
    near(sinh(x), math::sinh(v));
    near(cosh(x), math::cosh(v));
    near(tanh(x), math::tanh(v));
    near(asinh(x), math::asinh(v));
    near(erf(x), math::erf(v));
    near(erfc(x), math::erfc(v));
    near(pow(abs(x), rounded(2.5)), math::pow(math::abs(v), real(2.5)));
    near(atan2(x, rounded(-1)), math::atan2(v, real(-1)));
  }
}

BOOST_AUTO_TEST_CASE(a_number_is_rounded_when_it_is_made) {
  const rounded::use in_force({.fmt = format_of(dtype::f16)});
  BOOST_TEST(static_cast<double>(rounded(0.1)) == 0x1.998p-4);
  BOOST_TEST(static_cast<double>(rounded(1e6)) == infinity);
}

BOOST_AUTO_TEST_CASE(sums_are_added_in_the_order_in_force) {
  draw random(1, "orders", 0);
  for (std::size_t n = 0; n <= 40; ++n) {
    const terms t(random, n);
    const std::vector<float> ones(n, 1);
    const std::vector<float> backward(t.a.rbegin(), t.a.rend());
    BOOST_TEST(identical(total(t.a, {.fmt = f32, .sums = order::forward}), forward(t.a, ones)));
    BOOST_TEST(identical(total(t.a, {.fmt = f32, .sums = order::reverse}), forward(backward, ones)));
    BOOST_TEST(identical(total(t.a, {.fmt = f32, .sums = order::pairwise}), halves(t.a, 0, n)));
    BOOST_TEST(identical(total(t.a, {.fmt = f32, .sums = order::blocked}), eight_lanes(t.a)));
  }
}

BOOST_AUTO_TEST_CASE(sums_of_products_round_each_product_unless_fused) {
  draw random(1, "products", 0);
  for (std::size_t n = 0; n <= 40; ++n) {
    const terms t(random, n);
    std::vector<float> p(n);
    std::transform(t.a.begin(), t.a.end(), t.b.begin(), p.begin(), std::multiplies<>());
    BOOST_TEST(identical(dot(t, {.fmt = f32, .sums = order::forward}), forward(t.a, t.b)));
    BOOST_TEST(identical(dot(t, {.fmt = f32, .sums = order::pairwise}), halves(p, 0, n)));
    BOOST_TEST(identical(dot(t, {.fmt = f32, .sums = order::blocked}), eight_lanes(p)));
  }
}

BOOST_AUTO_TEST_CASE(different_orders_give_different_sums) {  // else the tests above could not tell them apart
  draw random(1, "apart", 0);
  const terms t(random, 40);
  const auto in = [&](order o) { return total(t.a, {.fmt = f32, .sums = o}); };
  BOOST_TEST(in(order::forward) != in(order::reverse));
  BOOST_TEST(in(order::forward) != in(order::pairwise));
  BOOST_TEST(in(order::forward) != in(order::blocked));
  BOOST_TEST(in(order::pairwise) != in(order::blocked));
  BOOST_TEST(dot(t, {.fmt = f32}) != dot(t, {.fmt = f32, .fused = true}));
}

BOOST_AUTO_TEST_CASE(fused_sums_in_f64_are_chains_of_fma) {
  draw random(1, "fma", 0);
  for (std::size_t n = 1; n <= 40; ++n) {
    const terms t(random, n);
    double s = double{t.a[0]} * double{t.b[0]};
    for (std::size_t i = 1; i < n; ++i) s = std::fma(double{t.a[i]}, double{t.b[i]}, s);
    BOOST_TEST(identical(dot(t, {.fused = true}), s));
  }
}

BOOST_AUTO_TEST_CASE(a_fused_product_in_f32_carries_the_error_of_one_rounding) {
  draw random(1, "fused", 0);
  claim c("fma in f32");
  for (int i = 0; i < 5000; ++i) {
    const terms t(random, 2);
    const float first = t.a[0] * t.b[0];
    const real exact = real(double{first}) + real(double{t.a[1]}) * real(double{t.b[1]});
    const real error = abs(real(dot(t, {.fmt = f32, .fused = true})) - exact);
    // Rounded to double and then to f32: (1 + 2^-24)(1 + 2^-53) - 1 at most, below u (1 + 2^-28).
    c.require(error <= real(f32.unit() * (1 + 0x1p-28)) * abs(exact), [&] { return exact.decimal(20); });
  }
}

BOOST_AUTO_TEST_CASE(a_sum_of_one_term_is_the_term) {
  for (const order o : {order::forward, order::reverse, order::pairwise, order::blocked}) {
    BOOST_TEST(identical(total({0.1f}, {.fmt = f32, .sums = o}), double{0.1f}));
    BOOST_TEST(identical(total({}, {.fmt = f32, .sums = o}), 0));
  }
}

BOOST_AUTO_TEST_CASE(the_arithmetic_in_force_is_restored_and_belongs_to_its_thread) {
  const auto tenth = [] { return static_cast<double>(rounded(0.1)); };
  BOOST_TEST(tenth() == 0.1);
  {
    const rounded::use outer({.fmt = f32});
    BOOST_TEST(tenth() == double{0.1f});
    {
      const rounded::use inner({.fmt = format_of(dtype::bf16)});
      BOOST_TEST(tenth() == 0x1.9ap-4);
    }
    BOOST_TEST(tenth() == double{0.1f});
    double elsewhere = 0;
    std::thread([&] { elsewhere = tenth(); }).join();
    BOOST_TEST(elsewhere == 0.1);
  }
  BOOST_TEST(tenth() == 0.1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_rounded
