// Shrinking finds a small sample that fails in the same way, always the same one.
#include "backproof/run/shrink.hpp"

#include <algorithm>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_shrink {

BOOST_AUTO_TEST_SUITE(shrink)

using backproof::shrink;

namespace {

index_t largest_extent(const sample& x) {
  index_t largest = 0;
  for (const shape& s : x.input_shapes())
    for (const index_t e : s) largest = std::max(largest, e);
  return largest;
}

// Wrong from a certain extent of some axis on.
tampered_subject wrong_from(index_t extent) {
  return tampered_subject([extent](mode m, const op&, const sample& x, reply& r) {
    if (m != mode::vjp || largest_extent(x) < extent) return;
    for (auto& t : r.tensors)
      for (index_t i = 0; t && i < t->count(); ++i) t->set(i, -t->at(i));
  });
}

std::function<bool(const sample&)> failing(const op& o, subject& s) {
  return [&](const sample& x) {
    const finding f = judge(o, check_called("reference_gradient"), s, x);
    return f.outcome == verdict::fail && f.kind == failure_kind::wrong_gradient;
  };
}

// The first case whose largest extent is at least so much, and that fails.
sample a_large_failure(const op& o, dtype t, index_t extent, const std::function<bool(const sample&)>& fails) {
  for (std::uint64_t n = 0;; ++n) {
    const sample x = draw_informative_sample(o, t, 1, n);
    if (largest_extent(x) >= extent && fails(x)) return x;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_bug_that_needs_extent_three_shrinks_to_extent_three) {
  for (const char* name : {"sigmoid", "add", "softmax", "conv", "gemm", "max_pool"}) {
    const op& o = op_called(name);
    tampered_subject s = wrong_from(3);
    const auto fails = failing(o, s);
    const sample x = a_large_failure(o, dtype::f32, 7, fails), small = shrink(o, x, fails);
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(fails(small));
      BOOST_TEST(largest_extent(small) == 3);
      BOOST_TEST((small.type == x.type && small.seed == x.seed));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bug_that_is_always_there_shrinks_to_extent_one) {
  const op& o = op_called("sigmoid");
  tampered_subject s = wrong_from(0);
  const auto fails = failing(o, s);
  const sample small = shrink(o, a_large_failure(o, dtype::f32, 7, fails), fails);
  BOOST_TEST(small.inputs[0]->count() == 1);
}

BOOST_AUTO_TEST_CASE(shrinking_is_deterministic) {
  const op& o = op_called("softmax");
  tampered_subject s = wrong_from(3);
  const auto fails = failing(o, s);
  const sample x = a_large_failure(o, dtype::f32, 7, fails), one = shrink(o, x, fails), two = shrink(o, x, fails);
  BOOST_TEST((one.inputs == two.inputs && one.cotangents == two.cotangents && one.attrs == two.attrs));
}

BOOST_AUTO_TEST_CASE(numbers_lose_the_bits_that_do_not_matter) {
  // Wrong whatever the numbers are: each ends with a single significant bit, and only one cotangent is left.
  const op& o = op_called("mul");
  tampered_subject s = wrong_from(3);
  const auto fails = failing(o, s);
  const sample small = shrink(o, a_large_failure(o, dtype::f32, 5, fails), fails);
  int loaded = 0;
  for (index_t i = 0; i < small.cotangents[0].count(); ++i) loaded += small.cotangents[0].at(i) != 0;
  BOOST_TEST(loaded == 1);
  for (const auto& t : small.inputs)
    for (index_t i = 0; i < t->count(); ++i) {
      const double x = t->at(i);
      BOOST_TEST(std::fabs(x) == std::ldexp(1.0, std::ilogb(x)), hex(x));
    }
}

BOOST_AUTO_TEST_CASE(a_bug_in_one_element_keeps_the_cotangent_that_shows_it) {
  const op& o = op_called("sigmoid");
  tampered_subject s([](mode m, const op&, const sample&, reply& r) {
    if (m != mode::vjp) return;
    const index_t last = r.tensors[0]->count() - 1;
    r.tensors[0]->set(last, 2 * r.tensors[0]->at(last));
  });
  const auto fails = failing(o, s);
  const sample small = shrink(o, a_large_failure(o, dtype::f32, 5, fails), fails);
  BOOST_TEST(fails(small));
  BOOST_TEST(small.cotangents[0].at(small.cotangents[0].count() - 1) != 0);
}

BOOST_AUTO_TEST_CASE(a_sample_that_cannot_be_made_smaller_is_returned_as_it_is) {
  const op& o = op_called("sigmoid");
  const sample x = sample_of(dtype::f32, {{0.7, -1.3}}, {0.3, 0.9});
  const sample same =
      shrink(o, x, [&](const sample& s) { return s.inputs == x.inputs && s.cotangents == x.cotangents; });
  BOOST_TEST((same.inputs == x.inputs && same.cotangents == x.cotangents));
}

BOOST_AUTO_TEST_CASE(no_more_samples_are_tried_than_allowed) {
  const op& o = op_called("conv");
  int tried = 0;
  shrink(
      o, draw_sample(o, dtype::f32, 1, 3), [&](const sample&) { return ++tried, false; }, {}, 25);
  BOOST_TEST(tried <= 25);
  tried = 0;
  shrink(
      o, draw_sample(o, dtype::f32, 1, 3), [&](const sample&) { return ++tried, true; }, {}, 25);
  BOOST_TEST(tried <= 25);
}

BOOST_AUTO_TEST_CASE(a_smooth_sample_does_not_slide_onto_a_kink) {
  for (const char* name : {"relu", "max", "max_pool"}) {
    const op& o = op_called(name);
    tampered_subject s = wrong_from(0);
    const auto fails = failing(o, s);
    for (std::uint64_t n = 0; n < 10; ++n) {
      const sample x = draw_informative_sample(o, dtype::bf16, 1, n);
      if (!fails(x)) continue;
      BOOST_TEST(oracle(o, shrink(o, x, fails), format_of(dtype::bf16)).kinks().empty(), name << " case " << n);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_shrink
