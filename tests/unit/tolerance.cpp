// The comparator: computed bounds only, shapes before values, and nothing that is not a number gets through.
#include "backproof/judge/comparison.hpp"
#include "support.hpp"

namespace backproof::tests::in_tolerance {

BOOST_AUTO_TEST_SUITE(tolerance)

namespace {

using bound = bounded<real>;

constexpr precision in_f32 = {dtype::f32, {24, -126, 127}};
constexpr precision in_f64 = {dtype::f64, {53, -1022, 1023}};
constexpr precision in_f16 = {dtype::f16, {24, -126, 127}};  // with its f32 accumulator
constexpr precision in_bf16 = {dtype::bf16, {24, -126, 127}};

// Values that have been computed, each by one multiplication of two numbers known to one unit roundoff.
value_list<bound> computed(const std::vector<double>& x, const precision& p) {
  const bound::use model(rounding_model::of(p.accumulator));
  values<bound> v({static_cast<index_t>(x.size())});
  for (std::size_t i = 0; i < x.size(); ++i)
    v[static_cast<index_t>(i)] = bound::input(real(x[i]) / real(1.7)) * bound::input(real(1.7));
  return {v};
}

// Values that have only been moved.
value_list<bound> moved(const std::vector<double>& x, const precision& p) {
  const bound::use model(rounding_model::of(p.accumulator));
  values<bound> v({static_cast<index_t>(x.size())});
  for (std::size_t i = 0; i < x.size(); ++i) v[static_cast<index_t>(i)] = bound::input(real(x[i]));
  return {v};
}

finding compared(const value_list<bound>& expected, const std::vector<std::optional<tensor>>& actual,
                 const precision& p = in_f32) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < expected.size(); ++k) names.push_back("d" + std::to_string(k));
  return compare(expected, actual, names, p, failure_kind::wrong_gradient);
}

finding compared(const value_list<bound>& expected, const std::vector<double>& actual, const precision& p = in_f32) {
  return compared(expected, {{vector_of(p.storage, actual)}}, p);
}

assertion_result fails_as(const finding& f, failure_kind kind) {
  assertion_result r(f.outcome == verdict::fail && f.kind == kind && !f.reason.empty());
  if (!r) r.message() << name_of(f.outcome) << " " << name_of(f.kind) << ": " << f.reason;
  return r;
}

assertion_result passes(const finding& f) {
  assertion_result r(f.outcome == verdict::pass && f.kind == failure_kind::none && f.reason.empty());
  if (!r) r.message() << name_of(f.outcome) << " " << name_of(f.kind) << ": " << f.reason;
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_correctly_rounded_value_passes_in_every_dtype) {
  draw random(1, "tolerance", 0);
  for (const precision& p : {in_f64, in_f32, in_f16, in_bf16}) {
    std::vector<double> x;
    for (int i = 0; i < 50; ++i) x.push_back(any_exponent(random, -8, 8));
    const finding f = compared(computed(x, p), x, p);  // the tensor rounds them
    BOOST_TEST(passes(f));
    BOOST_TEST((f.elements == 50 && f.resolved == 50 && f.worst.has_value() && !f.bound.empty()));
  }
}

BOOST_AUTO_TEST_CASE(whatever_lies_within_the_bound_passes_and_eight_times_the_bound_fails) {
  draw random(2, "tolerance", 0);
  for (const precision& p : {in_f64, in_f32, in_f16, in_bf16}) {
    claim c("displaced elements in " + std::string(name_of(p.storage)));
    for (int i = 0; i < 300; ++i) {
      const double x = any_exponent(random, -8, 8);
      const value_list<bound> expected = computed({1, x, 2}, p);
      const double b = bound_of(expected[0][1], p), sign = random.chance(0.5) ? 1 : -1;
      const auto displaced = [&](double by) { return compared(expected, {1, x + sign * by * b, 2}, p).outcome; };
      // Storing the displaced number moves it by u |x| at most. The bound of a product is 3 u |x|, of which 0.6 leaves
      // that much room; where it is only rounded to be stored, the bound is little more than that u |x|.
      const bool narrow = format_of(p.storage) != p.accumulator;
      c.require(displaced(narrow ? 0 : 0.6) == verdict::pass, [&] { return "inside: " + hex(x); });
      c.require(displaced(8) == verdict::fail, [&] { return "outside: " + hex(x); });
      c.require(displaced(1e6) == verdict::fail, [&] { return "far outside: " + hex(x); });
    }
  }
}

BOOST_AUTO_TEST_CASE(the_edge_of_the_bound_is_where_the_verdict_turns) {
  // In f64, whose numbers are much finer than f32's bound: the last number inside passes, the first outside fails.
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  values<bound> v({1});
  v[0] = bound::input(real(1.5)) * bound::input(real(1.25));
  const precision p = {dtype::f64, format_of(dtype::f64)};
  const double b = bound_of(v[0], p), edge = 1.875 + b;  // both multiples of 2^-52 below 2: the sum is rounded
  const double outside = std::nextafter(edge, 3) - 1.875 > b ? std::nextafter(edge, 3) : edge;
  BOOST_TEST(passes(compared({v}, std::vector{1.875 + b / 2}, p)));
  BOOST_TEST(passes(compared({v}, std::vector{std::nextafter(edge, 0)}, p)));
  BOOST_TEST(fails_as(compared({v}, std::vector{std::nextafter(outside, 3)}, p), failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(the_worst_element_is_named_with_what_it_should_have_been) {
  const finding f = compared(computed({1, 2, 3}, in_f32), {1, 2.5, 3.25}, in_f32);
  BOOST_REQUIRE(f.worst.has_value());
  BOOST_TEST(f.worst->where == "d0[1]");  // 25 % off, the other 8 %
  BOOST_TEST(f.worst->actual == "2.5");
  BOOST_TEST(std::fabs(std::stod(f.worst->expected) - 2) < 1e-15);
  BOOST_TEST(f.worst->error == 0.5);
  BOOST_TEST(f.worst->ulps == 0x1p21);  // half of a binade of 2^22 numbers
  BOOST_TEST(f.reason.find("d0[1]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nan_and_wrong_infinities_fail) {
  const value_list<bound> expected = computed({1, 2, 3}, in_f32);
  BOOST_TEST(fails_as(compared(expected, {1, not_a_number, 3}), failure_kind::nonfinite));
  BOOST_TEST(fails_as(compared(expected, {1, infinity, 3}), failure_kind::nonfinite));
  BOOST_TEST(fails_as(compared(expected, {-infinity, 2, 3}), failure_kind::nonfinite));
  BOOST_TEST(fails_as(compared(moved({1}, in_f32), std::vector{not_a_number}), failure_kind::nonfinite));
}

BOOST_AUTO_TEST_CASE(nan_fails_even_where_the_signal_is_lost) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  values<bound> v({1});
  v[0] = bound::input(real(1)) - bound::input(real(1) + ldexp(real(1), -40));
  BOOST_TEST((compared({v}, std::vector{0.0}).outcome == verdict::unresolved));
  BOOST_TEST(fails_as(compared({v}, std::vector{not_a_number}), failure_kind::nonfinite));
}

BOOST_AUTO_TEST_CASE(a_missing_gradient_fails_unless_it_is_zero) {
  const std::vector<std::optional<tensor>> none(1);
  BOOST_TEST(fails_as(compared(computed({1, 2}, in_f32), none), failure_kind::missing_gradient));
  BOOST_TEST(fails_as(compared(computed({0, 2}, in_f32), std::vector<std::optional<tensor>>{}),
                      failure_kind::missing_gradient));
  BOOST_TEST(passes(compared(moved({0, 0}, in_f32), none)));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_nobody_needs_is_not_asked_for) {
  value_list<bound> expected = computed({1}, in_f32);
  expected.emplace_back();  // of an absent optional input
  BOOST_TEST(passes(compared(expected, {{vector_of(dtype::f32, {1}), std::nullopt}})));
}

BOOST_AUTO_TEST_CASE(a_wrong_dtype_fails_before_its_values_are_looked_at) {
  const value_list<bound> expected = computed({1, 2}, in_f32);
  BOOST_TEST(fails_as(compared(expected, {{vector_of(dtype::f64, {1, 2})}}), failure_kind::wrong_dtype));
  BOOST_TEST(fails_as(compared(expected, {{vector_of(dtype::f16, {1, not_a_number})}}), failure_kind::wrong_dtype));
}

BOOST_AUTO_TEST_CASE(a_wrong_shape_fails_even_if_it_would_broadcast) {
  const value_list<bound> expected = computed({2, 2}, in_f32);
  for (const auto& dims : std::vector<shape>{{1}, {}, {1, 2}, {2, 1}, {3}, {0}}) {
    const tensor t(dtype::f32, dims, std::vector<double>(static_cast<std::size_t>(size_of(dims)), 2));
    BOOST_TEST(fails_as(compared(expected, {{t}}), failure_kind::wrong_shape), to_string(dims));
  }
}

BOOST_AUTO_TEST_CASE(an_infinity_is_right_only_where_the_true_value_overflows) {
  for (const precision& p : {in_f16, in_bf16, in_f32}) {
    const double largest = format_of(p.storage).largest();
    const auto verdict_of = [&](double x, double actual) { return compared(computed({1, x}, p), {1, actual}, p); };
    const double beyond = p.storage == dtype::f16 ? 2 * largest : largest;  // f32's accumulator cannot go beyond itself
    BOOST_TEST(passes(verdict_of(beyond, infinity)), name_of(p.storage));
    BOOST_TEST(passes(verdict_of(-beyond, -infinity)), name_of(p.storage));
    BOOST_TEST(fails_as(verdict_of(beyond, -infinity), failure_kind::nonfinite), name_of(p.storage));
    BOOST_TEST(fails_as(verdict_of(beyond, not_a_number), failure_kind::nonfinite), name_of(p.storage));
    BOOST_TEST(fails_as(verdict_of(largest / 2, infinity), failure_kind::nonfinite), name_of(p.storage));
    BOOST_TEST(passes(verdict_of(largest, largest)), name_of(p.storage));
  }
  // Where the value overflows for certain, a finite number is wrong.
  BOOST_TEST(fails_as(compared(computed({1, 1e6}, in_f16), {1, 65504}, in_f16), failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(limits_are_met_exactly) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  values<bound> v({1});
  v[0] = bound::input(real::infinity());
  BOOST_TEST(passes(compared({v}, std::vector{infinity})));
  BOOST_TEST(fails_as(compared({v}, std::vector{-infinity}), failure_kind::nonfinite));
  BOOST_TEST(fails_as(compared({v}, std::vector{1e30}), failure_kind::nonfinite));
  BOOST_TEST(fails_as(compared({v}, std::vector{not_a_number}), failure_kind::nonfinite));
}

BOOST_AUTO_TEST_CASE(moved_data_must_be_bit_exact) {
  for (const precision& p : {in_f64, in_f32, in_f16, in_bf16}) {
    const format& f = format_of(p.storage);
    const double x = round_to(f, 0.7);
    BOOST_TEST(passes(compared(moved({x, f.tiny(), f.largest()}, p), {x, f.tiny(), f.largest()}, p)));
    BOOST_TEST(fails_as(compared(moved({x}, p), std::vector{x + f.unit()}, p), failure_kind::wrong_gradient));
    BOOST_TEST(fails_as(compared(moved({x}, p), std::vector{x - f.unit()}, p), failure_kind::wrong_gradient));
    BOOST_TEST(fails_as(compared(moved({0}, p), std::vector{f.tiny()}, p), failure_kind::wrong_gradient));
  }
}

BOOST_AUTO_TEST_CASE(only_a_sample_that_resolves_nothing_is_unresolved) {
  const bound::use model(rounding_model::of(format_of(dtype::f32)));
  values<bound> v({2});
  v[0] = bound::input(real(1)) - bound::input(real(1) + ldexp(real(1), -40));
  v[1] = v[0];
  BOOST_TEST((compared({v}, {0, 0}).outcome == verdict::unresolved));
  v[1] = bound::input(real(2)) * bound::input(real(3));
  const finding f = compared({v}, {0, 6});
  BOOST_TEST(passes(f));
  BOOST_TEST((f.elements == 2 && f.resolved == 1));
  BOOST_TEST(fails_as(compared({v}, {0, 7}), failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(empty_tensors_pass) {
  BOOST_TEST(passes(compared(computed({}, in_f32), std::vector<double>{})));
  BOOST_TEST((compared(computed({}, in_f32), std::vector<double>{}).elements == 0));
}

BOOST_AUTO_TEST_CASE(storing_in_a_narrower_format_adds_its_own_rounding_to_the_bound) {
  const value_list<bound> v = computed({3}, in_f16);
  const double e = v[0][0].error(), u = 0x1p-11;
  BOOST_TEST(bound_of(v[0][0], in_f32) == e);
  BOOST_TEST(std::fabs(bound_of(v[0][0], in_f16) - (e + u * (3 + e) + 0x1p-24)) <= 1e-12);
  BOOST_TEST(bound_of(moved({3}, in_f16)[0][0], in_f16) == 0);
}

BOOST_AUTO_TEST_CASE(at_a_kink_any_slope_of_the_interval_passes_and_none_outside) {
  // dx = s g with s in [0, 1], g = 4, at element 1; the reference chose 0.
  subdifferential kinks;
  kinks.interval({0, 1}, real(0), real(1), real(0), real(4));
  const std::vector<std::string> names = {"dX"};
  const auto at = [&](double x) {
    const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {5, x})};
    return compare(moved({5, 0}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, {.kinks = &kinks});
  };
  for (const double x : {0.0, 2.0, 4.0, 1.3}) BOOST_TEST(passes(at(x)));
  for (const double x : {-0.01, 4.01, -4.0, 1e9}) BOOST_TEST(fails_as(at(x), failure_kind::subgradient));
  BOOST_TEST(fails_as(at(not_a_number), failure_kind::nonfinite));
  BOOST_TEST((at(0).convention == "slope 0" && at(4).convention == "slope 1" && at(2).convention == "slope 0.5"));
}

BOOST_AUTO_TEST_CASE(away_from_the_kink_the_same_sample_is_judged_as_ever) {
  subdifferential kinks;
  kinks.interval({0, 1}, real(0), real(1), real(0), real(4));
  const std::vector<std::string> names = {"dX"};
  const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {5.5, 2})};
  const finding f =
      compare(moved({5, 0}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, {.kinks = &kinks});
  BOOST_TEST(fails_as(f, failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(tied_elements_may_share_in_any_way_but_in_full) {
  // Three tied elements share g = 6; the reference gives each 2.
  subdifferential kinks;
  kinks.simplex({{0, 0}, {0, 2}, {1, 0}}, real(6));
  value_list<bound> expected = moved({2, 7, 2}, in_f32);
  expected.push_back(moved({2}, in_f32)[0]);
  const std::vector<std::string> names = {"dA", "dB"};
  const auto at = [&](double a, double b, double c) {
    const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {a, 7, b}), vector_of(dtype::f32, {c})};
    return compare(expected, actual, names, in_f32, failure_kind::wrong_gradient, {.kinks = &kinks});
  };
  BOOST_TEST(passes(at(2, 2, 2)));
  BOOST_TEST(passes(at(6, 0, 0)));
  BOOST_TEST(passes(at(0, 0, 6)));
  BOOST_TEST(passes(at(1, 2, 3)));
  BOOST_TEST((at(6, 0, 0).convention == "ties: first" && at(0, 0, 6).convention == "ties: last"));
  BOOST_TEST((at(2, 2, 2).convention == "ties: even" && at(1, 2, 3).convention == "ties: shared"));
  BOOST_TEST(fails_as(at(6, 6, 6), failure_kind::subgradient));   // everyone takes all
  BOOST_TEST(fails_as(at(0, 0, 0), failure_kind::subgradient));   // nobody takes any
  BOOST_TEST(fails_as(at(-1, 1, 6), failure_kind::subgradient));  // weights are not negative
  BOOST_TEST(fails_as(at(8, 0, -2), failure_kind::subgradient));
}

BOOST_AUTO_TEST_CASE(shares_with_signs_add_up_by_their_signs) {
  // The largest of |x| at x = (2, -2): shares of g = 4 are for x_0 and against x_1; the reference gives 2 and -2.
  subdifferential kinks;
  kinks.simplex({{0, 0, 1}, {0, 1, -1}}, real(4));
  const std::vector<std::string> names = {"dX"};
  const auto at = [&](double a, double b) {
    const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {a, b})};
    return compare(moved({2, -2}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, {.kinks = &kinks});
  };
  BOOST_TEST(passes(at(2, -2)));
  BOOST_TEST(passes(at(4, 0)));
  BOOST_TEST(passes(at(0, -4)));
  BOOST_TEST(fails_as(at(2, 2), failure_kind::subgradient));
  BOOST_TEST(fails_as(at(4, -4), failure_kind::subgradient));
}

BOOST_AUTO_TEST_CASE(where_a_norm_is_zero_any_point_of_the_dual_ball_passes) {
  // g = 3 at a zero slice of two elements: the gradient is 3 w with ||w||_q <= 1.
  const std::vector<std::string> names = {"dX"};
  const auto at = [&](double q, double a, double b) {
    subdifferential kinks;
    kinks.ball({{0, 0}, {0, 1}}, q, real(3));
    const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {a, b})};
    return compare(moved({0, 0}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, {.kinks = &kinks});
  };
  for (const double q : {1.0, 1.5, 2.0, 3.0, infinity}) {
    BOOST_TEST(passes(at(q, 0, 0)));
    BOOST_TEST(passes(at(q, 0, -3)));
    BOOST_TEST(passes(at(q, 1.5, 1.5)));
    BOOST_TEST(fails_as(at(q, 3.5, 0), failure_kind::subgradient));
  }
  BOOST_TEST(passes(at(2, 2.1, -2.1)));                               // 3 (0.7, -0.7), norm 0.99
  BOOST_TEST(fails_as(at(2, 2.2, -2.2), failure_kind::subgradient));  // norm 1.04
  BOOST_TEST(fails_as(at(1, 2.1, -2.1), failure_kind::subgradient));  // 1-norm 1.4
  BOOST_TEST(passes(at(infinity, 3, -3)));
  BOOST_TEST((at(2, 0, 0).convention == "norm at 0: zero" && at(2, 0, 3).convention == "norm at 0: not zero"));
}

BOOST_AUTO_TEST_CASE(a_computed_kink_is_near_within_a_few_roundings) {
  const subdifferential s(0x1p-24);
  BOOST_TEST(s.near(real(0), real(1)));
  BOOST_TEST(s.near(real(0x1p-22), real(-1)));
  BOOST_TEST(!s.near(real(0x1p-21), real(1)));
  BOOST_TEST(!subdifferential().near(real(1e-300), real(1)));
}

BOOST_AUTO_TEST_CASE(elements_outside_of_their_bounds_are_listed) {
  const std::vector<std::string> names = {"dX"};
  const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {1, 2.5, 3, not_a_number})};
  std::vector<position> outside;
  compare(computed({1, 2, 3, 4}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, {}, &outside);
  BOOST_REQUIRE(outside.size() == 2);
  BOOST_TEST((outside[0].input == 0 && outside[0].at == 1 && outside[1].at == 3));
}

BOOST_AUTO_TEST_CASE(nan_inputs_leave_open_what_the_options_say_and_no_more) {
  const std::vector<std::string> names = {"dX"};
  value_list<real> inputs(1, values<real>({2}));
  inputs[0][0] = real::nan();
  const auto at = [&](double a, double b, const compare_options& options) {
    const std::vector<std::optional<tensor>> actual = {vector_of(dtype::f32, {a, b})};
    return compare(computed({1, 2}, in_f32), actual, names, in_f32, failure_kind::wrong_gradient, options);
  };
  BOOST_TEST(passes(at(99, 2, {.nan_inputs = &inputs})));
  BOOST_TEST(fails_as(at(1, 99, {.nan_inputs = &inputs}), failure_kind::wrong_gradient));
  BOOST_TEST(passes(at(1, not_a_number, {.nan_anywhere = true})));
  BOOST_TEST(fails_as(at(1, 99, {.nan_anywhere = true}), failure_kind::wrong_gradient));
  BOOST_TEST(fails_as(at(1, infinity, {.nan_anywhere = true}), failure_kind::nonfinite));
  BOOST_TEST((at(5, infinity, {.anything = true}).outcome == verdict::unresolved));
}

BOOST_AUTO_TEST_CASE(wide_numbers_are_compared_with_the_bound_given) {
  const auto verdict_of = [](double expected, double actual, double bound_given, double signal) {
    return compare("<v, J u>", real(expected), real(actual), real(bound_given), real(signal), failure_kind::law);
  };
  BOOST_TEST(passes(verdict_of(1, 1.25, 0.25, 1)));
  BOOST_TEST(fails_as(verdict_of(1, 1.25, 0.2499, 1), failure_kind::law));
  BOOST_TEST(fails_as(verdict_of(1, not_a_number, 0.25, 1), failure_kind::law));
  BOOST_TEST((verdict_of(1, 1, 2, 1).outcome == verdict::unresolved));
  BOOST_TEST((verdict_of(0, 0, 0, 0).outcome == verdict::unresolved));
}

BOOST_AUTO_TEST_CASE(an_error_is_as_severe_as_its_part_of_the_scale) {
  BOOST_TEST(severity_of(1, 4) == 0.25);
  BOOST_TEST(severity_of(9, 4) == 1);
  BOOST_TEST(severity_of(0.001, 0) == 0.01);  // beside a tenth
  BOOST_TEST((severity_of(infinity, 4) == 1 && severity_of(not_a_number, 4) == 1));
  BOOST_TEST(compared(moved({0, 8}, in_f32), {1e-6, 6}, in_f32).severity == 0.25);
  BOOST_TEST(compared(moved({0, 8}, in_f32), {0, not_a_number}, in_f32).severity == 1);
  BOOST_TEST(compared(computed({8, 2}, in_f32), std::vector<std::optional<tensor>>{}).severity == 1);
}

BOOST_AUTO_TEST_CASE(a_failure_tells_its_grossest_element_where_it_is_asked_to) {
  const finding f = compared(moved({0, 8}, in_f32), {1e-6, 6}, in_f32);
  BOOST_TEST(f.worst->where == "d0[0]");  // beyond its bound of zero, however little
  const finding told = told_by_its_grossest(f, in_f32);
  BOOST_TEST((told.worst->where == "d0[1]" && told.reason == "d0[1] is 6, not 8"));
  BOOST_TEST(told_by_its_grossest(compared(moved({0, 8}, in_f32), {0, 8}, in_f32), in_f32).reason.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_tolerance
