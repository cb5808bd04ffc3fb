// The running error bounds: never below what a stable evaluation does, and not far above it either.
#include "backproof/number/bounded.hpp"

#include <algorithm>

#include "backproof/number/rounded.hpp"
#include "support.hpp"

namespace backproof::tests::in_bounded {

BOOST_AUTO_TEST_SUITE(bounded)

using backproof::bounded;

namespace {

using bound = bounded<real>;

constexpr std::array<dtype, 3> narrow_types = {dtype::f32, dtype::f16, dtype::bf16};
constexpr std::array<order, 4> orders = {order::forward, order::reverse, order::pairwise, order::blocked};

// A random straight-line program: each step combines two of the values before it. Run over any scalar, it does the same
// operations.
struct program {
  struct step {
    int what;
    std::size_t a, b;
    double constant;
  };
  std::size_t inputs;
  std::vector<step> steps;

  program(draw& random, std::size_t input_count, int length) : inputs(input_count) {
    for (int i = 0; i < length; ++i) {
      const auto so_far = static_cast<std::int64_t>(inputs + steps.size());
      steps.push_back({static_cast<int>(random.below(14)), static_cast<std::size_t>(random.below(so_far)),
                       static_cast<std::size_t>(random.below(so_far)), random.uniform(-2, 2)});
    }
  }

  template <class S>
  std::vector<S> run(std::vector<S> v) const {
    for (const step& s : steps) v.push_back(apply(s, v[s.a], v[s.b]));
    return v;
  }

 private:
  template <class S>
  static S apply(const step& s, const S& a, const S& b) {
    switch (s.what) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return a * b;
      case 3:
        return a / b;
      case 4:
        return math::sqrt(math::abs(a));
      case 5:
        return math::exp(-math::abs(a));
      case 6:
        return math::log(S(1) + math::abs(a));
      case 7:
        return math::tanh(a);
      case 8:
        return math::sin(a);
      case 9:
        return math::expm1(-math::abs(a));
      case 10:
        return math::atan(a);
      case 11:
        return a * S(s.constant);
      case 12:
        return math::max(a, b) - math::min(a, b);
      default: {
        sum<S> t;
        t += a;
        t.add_product(a, b);
        t += -b;
        t += a;
        return t.value();
      }
    }
  }
};

// Runs the same thing over `rounded` and over `bounded`, and requires |computed - value| <= error. `exact` are the
// inputs as the bounds know them, which the rounded evaluation gets rounded to its format: each is then perturbed by up
// to one unit roundoff, as the bounds promise to allow.
class comparison {
 public:
  explicit comparison(const std::string& about) : holds_(about) {}

  void operator()(const program& p, const std::vector<double>& exact, const format& f) {
    const bound::use model(rounding_model::of(f));
    std::vector<bound> inputs;
    for (const double x : exact) inputs.push_back(bound::input(real(x)));
    const std::vector<bound> known = p.run(inputs);
    for (const order o : orders)
      for (const bool fused : {false, true}) {
        const rounded::use how({.fmt = f, .sums = o, .fused = fused});
        compare(p, known, p.run(std::vector<rounded>(exact.begin(), exact.end())));
      }
  }

  void most_were_judged() const { BOOST_TEST(judged_ > seen_ * 3 / 4); }

 private:
  void compare(const program& p, const std::vector<bound>& known, const std::vector<rounded>& computed) {
    for (std::size_t i = p.inputs; i < known.size(); ++i) {
      // A format that overflows, and whatever is computed from what has overflowed, is beyond a rounding error bound.
      if (!std::isfinite(static_cast<double>(computed[i])) || !isfinite(known[i].value())) return;
      if (std::isfinite(known[i].error())) ++judged_;
      ++seen_;
      const double off = magnitude(real(static_cast<double>(computed[i])) - known[i].value());
      holds_.require(off <= known[i].error(), [&] {
        return "step " + std::to_string(i - p.inputs) + ", operation " + std::to_string(p.steps[i - p.inputs].what) +
               ": " + hex(static_cast<double>(computed[i])) + " instead of " + known[i].value().decimal(20) +
               ", bound " + hex(known[i].error());
      });
    }
  }

  claim holds_;
  long judged_ = 0, seen_ = 0;
};

// A dot product as an op would compute it, in every order, fused or not.
template <class S>
S dot(const std::vector<S>& a, const std::vector<S>& b) {
  sum<S> s;
  for (std::size_t i = 0; i < a.size(); ++i) s.add_product(a[i], b[i]);
  return s.value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(expressions_of_perturbed_inputs_stay_within_their_bounds) {
  for (const dtype t : narrow_types) {
    comparison stays(std::string(name_of(t)));
    draw random(1, name_of(t), 0);
    for (int i = 0; i < 300; ++i) {
      const program p(random, 3, 8);
      std::vector<double> x;
      for (int k = 0; k < 3; ++k) x.push_back(any_exponent(random, -3, 3));  // 53 bits: rounded when they enter
      stays(p, x, format_of(t));
    }
    stays.most_were_judged();
  }
}

BOOST_AUTO_TEST_CASE(expressions_of_exact_inputs_stay_within_their_bounds) {
  for (const dtype t : float_types) {
    comparison stays(std::string(name_of(t)));
    draw random(2, name_of(t), 0);
    for (int i = 0; i < 300; ++i) {
      const program p(random, 3, 8);
      std::vector<double> x;
      for (int k = 0; k < 3; ++k) x.push_back(round_to(format_of(t), any_exponent(random, -3, 3)));
      stays(p, x, format_of(t));
    }
    stays.most_were_judged();
  }
}

BOOST_AUTO_TEST_CASE(expressions_that_underflow_stay_within_their_bounds) {
  for (const dtype t : narrow_types) {
    const format& f = format_of(t);
    comparison stays(std::string(name_of(t)));
    draw random(3, name_of(t), 0);
    for (int i = 0; i < 300; ++i) {
      const program p(random, 3, 4);
      std::vector<double> x;  // products of two are subnormal or below
      for (int k = 0; k < 3; ++k)
        x.push_back(round_to(f, any_exponent(random, f.min_exponent / 2 - 3, f.min_exponent / 2 + 1)));
      stays(p, x, f);
    }
  }
}

BOOST_AUTO_TEST_CASE(dot_products_in_any_order_stay_within_their_bounds) {
  for (const dtype t : narrow_types) {
    const format& f = format_of(t);
    claim stays("dot products in " + std::string(name_of(t)));
    draw random(4, name_of(t), 0);
    const bound::use model(rounding_model::of(f));
    for (int i = 0; i < 150; ++i) {
      std::vector<double> a, b;
      std::vector<bound> wide_a, wide_b;
      for (std::int64_t n = random.below(40); n >= 0; --n) {
        a.push_back(any_exponent(random, -4, 2)), wide_a.push_back(bound::input(real(a.back())));
        b.push_back(any_exponent(random, -4, 2)), wide_b.push_back(bound::input(real(b.back())));
      }
      const bound expected = dot(wide_a, wide_b);
      for (const order o : orders)
        for (const bool fused : {false, true}) {
          const rounded::use how({.fmt = f, .sums = o, .fused = fused});
          const std::vector<rounded> narrow_a(a.begin(), a.end()), narrow_b(b.begin(), b.end());
          const auto computed = static_cast<double>(dot(narrow_a, narrow_b));
          stays.require(magnitude(real(computed) - expected.value()) <= expected.error(),
                        [&] { return hex(computed) + " instead of " + expected.value().decimal(20); });
        }
    }
  }
}

BOOST_AUTO_TEST_CASE(bounds_are_not_much_larger_than_first_order_analysis_asks) {
  const double u = format_of(dtype::f32).unit();
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound x = bound::input(real(3)), y = bound::input(real(-7));
  // Each input is off by u of itself, each operation by u of its result.
  const auto first_order = [](const bound& b, double expected) {
    BOOST_TEST(b.error() >= expected * (1 - 1e-6));
    BOOST_TEST(b.error() <= expected * (1 + 1e-6));
  };
  first_order(x + y, u * (3 + 7 + 4));
  first_order(x - y, u * (3 + 7 + 10));
  first_order(x * y, u * 3 * 21);
  first_order(x / y, u * 3 * 3 / 7);
  first_order(math::sqrt(x), u * 1.5 * std::sqrt(3));               // half the input's, one of its own
  first_order(math::exp(x), u * (3 + 8) * std::exp(3));             // condition number 3, and 8 u for the function
  first_order(math::log(x), u * (1 + 8 * std::log(3)));             // d log x = dx / x
  first_order(math::sin(x), u * (3 + 8 * std::fabs(std::sin(3))));  // |sin'| <= 1
  sum<bound> s;
  for (int i = 0; i < 10; ++i) s += x;
  first_order(s.value(), u * (30 + 9 * 30));  // gamma(9) times the sum of magnitudes
}

BOOST_AUTO_TEST_CASE(moving_data_is_exact) {
  const bound::use model(rounding_model::of(format_of(dtype::bf16)));
  const bound x = bound::input(real(0.7)), one(1), zero(0);
  for (const bound& moved : {x, -x, math::abs(x), x * one, one * x, x * -one, x / one, x / -one, x + zero, zero + x,
                             x - zero, math::max(x, zero), math::min(x, one)}) {
    BOOST_TEST(moved.exact());
    BOOST_TEST(moved.error() == 0);
    BOOST_TEST((math::abs(moved.value()) == real(0.7)));
  }
  sum<bound> s;
  s += zero;
  s.add_product(x, one);
  s += zero;
  BOOST_TEST((s.value().exact() && s.value().value() == real(0.7)));
  BOOST_TEST((sum<bound>().value().exact() && sum<bound>().value().value() == real(0)));
  for (const bound& nothing : {zero * x, x * zero, zero / x})
    BOOST_TEST((nothing.exact() && nothing.value() == real(0)));
}

BOOST_AUTO_TEST_CASE(an_operation_makes_a_number_inexact_for_good) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound x = bound::input(real(0.5)), two(2);
  for (const bound& computed : {x + x, x * two, x / two, x - two, math::sqrt(x), math::exp(x), -(x + x) * bound(1)}) {
    BOOST_TEST(!computed.exact());
    BOOST_TEST(computed.error() > 0);
  }
}

BOOST_AUTO_TEST_CASE(constants_are_exact_where_the_arithmetic_can_represent_them) {
  const auto is_exact = [](dtype t, double v) {
    const bound::use model(rounding_model::of(format_of(t)));
    return bound(v).exact();
  };
  for (const dtype t : float_types)
    for (const double v : {0.0, 1.0, -2.0, 0.5, 3.25, 255.0}) BOOST_TEST(is_exact(t, v));
  BOOST_TEST((is_exact(dtype::f64, 0.1) && !is_exact(dtype::f32, 0.1) && is_exact(dtype::f32, double{0.1f})));
  BOOST_TEST((is_exact(dtype::f16, 2047) && !is_exact(dtype::f16, 2049) && is_exact(dtype::f32, 2049)));
  BOOST_TEST((is_exact(dtype::bf16, 255) && !is_exact(dtype::bf16, 257)));
  const bound::use model(rounding_model::of(format_of(dtype::f16)));
  // Rounding to nearest moves a constant by u of itself at most.
  BOOST_TEST(bound(0.1).error() >= std::fabs(round_to(format_of(dtype::f16), 0.1) - 0.1));
  BOOST_TEST(bound(0.1).error() <= 0x1p-11 * 0.1);
}

BOOST_AUTO_TEST_CASE(a_denominator_lost_in_its_error_gives_an_infinite_bound) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound a = bound::input(real(1)), b = bound::input(real(1) + ldexp(real(1), -40));
  const bound cancelled = b - a;  // 2^-40, and its error is near 2^-23
  BOOST_TEST(cancelled.error() > magnitude(cancelled.value()));
  BOOST_TEST((a / cancelled).error() == infinity);
  BOOST_TEST(std::isfinite((a / (a + b)).error()));
  BOOST_TEST(math::log(cancelled).error() == infinity);
  BOOST_TEST(math::sqrt(cancelled).error() == infinity);
  BOOST_TEST((a / cancelled * a + b).error() == infinity);
}

BOOST_AUTO_TEST_CASE(cancellation_shows_in_the_bound) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound s = bound(1) / (bound(1) + math::exp(bound::input(real(-17.5))));
  const bound naive = s * (bound(1) - s);
  BOOST_TEST(naive.error() > magnitude(naive.value()));  // 1 - s has lost all digits
}

BOOST_AUTO_TEST_CASE(wider_arithmetic_gives_a_smaller_bound) {
  draw random(5, "wider", 0);
  const program p(random, 2, 6);
  double previous = 0;
  for (const dtype t : {dtype::f64, dtype::f32, dtype::bf16}) {
    const bound::use model(rounding_model::of(format_of(t)));
    const double e = p.run(std::vector<bound>{bound::input(real(1.7)), bound::input(real(-0.3))}).back().error();
    BOOST_TEST(e > previous);
    previous = e;
  }
}

BOOST_AUTO_TEST_CASE(the_model_in_force_is_restored) {
  BOOST_TEST(bound::input(real(1)).error() == 0);
  BOOST_TEST((bound::input(real(1)) + bound(1)).error() == 0);
  {
    const bound::use outer(rounding_model::of(format_of(dtype::f32)));
    const double e = (bound::input(real(1)) + bound(1)).error();
    {
      const bound::use inner(rounding_model::of(format_of(dtype::bf16)));
      BOOST_TEST((bound::input(real(1)) + bound(1)).error() > e);
    }
    BOOST_TEST((bound::input(real(1)) + bound(1)).error() == e);
  }
  BOOST_TEST((bound::input(real(1)) + bound(1)).error() == 0);
}

BOOST_AUTO_TEST_CASE(the_larger_of_two_uncertain_numbers_may_be_either) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound zero(0), x = bound::input(real(1)), y = bound::input(real(1) + ldexp(real(1), -30));
  const bound below = x - y;  // -2^-30, known to 2^-22 or so: a rounded evaluation may find it above 0
  BOOST_TEST((math::max(zero, below).value() == real(0)));
  BOOST_TEST(math::max(zero, below).error() >= below.error());
  BOOST_TEST(!math::max(zero, below).exact());
  const bound far_below = x - bound::input(real(2));
  BOOST_TEST(math::max(zero, far_below).exact());
  BOOST_TEST(math::max(x, y).exact());  // inputs compare alike in any precision
  BOOST_TEST((math::min(x, y).value() == real(1)));
}

BOOST_AUTO_TEST_CASE(an_irrational_constant_is_off_by_its_rounding) {
  const bound::use model(rounding_model::of(format_of(dtype::bf16)));
  BOOST_TEST((math::pi<bound>().value() == real::pi()));
  BOOST_TEST(math::pi<bound>().error() == 0x1p-8 * static_cast<double>(real::pi()));
  BOOST_TEST((math::pi<real>() == real::pi()));
  BOOST_TEST((math::pi<dual<real>>().tangent == real(0)));
}

BOOST_AUTO_TEST_CASE(an_infinite_sum_of_which_a_term_may_have_overflowed_has_no_known_value) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  const bound infinite = bound::input(real::infinity()), huge = bound::input(real(1e30)) * bound::input(real(-1e30));
  BOOST_TEST(std::isinf(huge.error()));  // -1e60: an f32 evaluation has -inf there
  BOOST_TEST(((infinite + bound::input(real(1))).value() == real::infinity()));
  BOOST_TEST(isnan((infinite + huge).value()));
  backproof::sum<bound> total;
  for (const bound& term : {infinite, bound::input(real(1)), huge}) total += term;
  BOOST_TEST(isnan(total.value().value()));
}

BOOST_AUTO_TEST_CASE(errors_are_never_negative_nor_lost_at_the_ends_of_the_range) {
  const bound::use model(rounding_model::of(format_of(dtype::f64)));
  BOOST_TEST(math::sqrt(bound::input(real::infinity())).error() >= 0);
  BOOST_TEST(math::sqrt(bound::input(ldexp(real(1), 4000))).error() >= 0);
  // A quotient of subnormal numbers is known no better than its divisor.
  const bound q = bound::input(real(3)) / (bound::input(ldexp(real(1), -1072)) * bound::input(real(1.5)));
  BOOST_TEST(q.error() >= static_cast<double>(q.value()) * 0x1p-4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_bounded
