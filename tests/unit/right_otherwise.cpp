// Subjects that are right in another way than the reference is: none of them may fail, and what is wrong in a similar
// way does.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "backproof/judge/moved_data.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_right_otherwise {

BOOST_AUTO_TEST_SUITE(right_otherwise)

namespace {

assertion_result is(const finding& f, verdict expected, failure_kind kind = failure_kind::none) {
  assertion_result r(f.outcome == expected && f.kind == kind);
  if (!r) r.message() << "is " << name_of(f.outcome) << " " << name_of(f.kind) << " (" << f.reason << ")";
  return r;
}

// An honest subject with a VJP of its own in f32: element i of the gradient from the numbers there.
tampered_subject with_gradient(const std::function<float(float x, float g)>& d) {
  return tampered_subject([d](mode m, const op&, const sample& s, reply& r) {
    for (index_t i = 0; m == mode::vjp && i < r.tensors[0]->count(); ++i)
      r.tensors[0]->set(i, d(static_cast<float>(s.inputs[0]->at(i)), static_cast<float>(s.cotangents[0].at(i))));
  });
}

finding judged(std::string_view name, subject& s, const sample& x, std::string_view by = "reference_gradient") {
  return judge(op_called(name), check_called(by), s, x);
}

tensor scalar(double x) {
  tensor t(dtype::f64, {});
  t.set(0, x);
  return t;
}

const sample numbers = sample_of(dtype::f32, {{3, -0.7, 1e-20, -5e7, 0.1}}, {0.3, -1.7, 2.5, 1, 1.1});

}  // namespace

// g x / |x| is rounded twice, where the reference rounds nothing.
BOOST_AUTO_TEST_CASE(a_quotient_may_be_rounded_where_a_sign_would_not) {
  tampered_subject quotient = with_gradient([](float x, float g) { return g * x / std::fabs(x); });
  BOOST_TEST(is(judged("abs", quotient, numbers), verdict::inaccurate));
  tampered_subject off = with_gradient([](float x, float g) { return std::copysign(1.0f, x) * g * (1 + 0x1p-21f); });
  BOOST_TEST(is(judged("abs", off, numbers), verdict::fail, failure_kind::wrong_gradient));  // 5 ulps and more
  // |x| summed: the same sign.
  const op& sum = op_called("reduce_l1");
  sample x = draw_sample(sum, dtype::f32, 1, 0);
  tampered_subject power([](mode m, const op&, const sample&, reply& r) {
    for (index_t i = 0; m == mode::vjp && i < r.tensors[0]->count(); ++i) {
      const auto d = static_cast<float>(r.tensors[0]->at(i));
      r.tensors[0]->set(i, i % 2 == 0 ? std::nextafter(d, 2 * d) : d);
    }
  });
  const finding f = judge(sum, check_called("reference_gradient"), power, x);
  BOOST_TEST(is(f, verdict::inaccurate));
  BOOST_TEST(f.variant == "roundings where none is needed");
}

BOOST_AUTO_TEST_CASE(who_only_moves_data_may_round_nothing) {
  tampered_subject one_up = with_gradient([](float x, float g) { return x > 0 ? std::nextafter(g, 2 * g) : 0; });
  BOOST_TEST(is(judged("relu", one_up, numbers), verdict::fail, failure_kind::wrong_gradient));
  tampered_subject negated = with_gradient([](float, float g) { return -std::nextafter(g, 2 * g); });
  BOOST_TEST(is(judged("neg", negated, numbers), verdict::fail, failure_kind::wrong_gradient));
  tampered_subject leak = with_gradient([](float x, float g) { return x > 0 ? g : 0x1p-149f; });
  BOOST_TEST(is(judged("relu", leak, numbers), verdict::fail, failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(ops_that_only_move_data_are_known_by_their_outputs) {
  for (const char* name : {"relu", "clip", "max", "max_pool", "where", "gather", "concat", "pad", "slice", "transpose",
                           "top_k", "reshape", "copy"})
    BOOST_TEST(output_only_moves(op_called(name), dtype::f32), name);
  for (const char* name : {"abs", "leaky_relu", "reduce_l1", "reduce_mean", "add", "mul", "softmax", "gemm"})
    BOOST_TEST(!output_only_moves(op_called(name), dtype::f32), name);
}

// Sums in an order that changes from call to call, as atomic additions make it.
class unsteady_subject : public test_subject {
 public:
  explicit unsteady_subject(bool says_so) : says_so_(says_so) {}
  bool deterministic() const override { return !says_so_; }
  reply run(mode m, const op& o, const sample& s) override {
    static constexpr std::array orders = {order::forward, order::reverse, order::pairwise};
    return reference_subject(orders[calls_++ % orders.size()])->run(m, o, s);
  }

 private:
  bool says_so_;
  std::size_t calls_ = 0;
};

BOOST_AUTO_TEST_CASE(a_changing_order_of_sums_is_allowed_to_who_says_so) {
  int bit_for_bit = 0;
  for (const char* name : {"gather", "rms_normalization", "layer_normalization", "gemm"})
    for (std::uint64_t n = 0; n < 12; ++n) {
      const sample x = draw_sample(op_called(name), dtype::f32, 1, n);
      for (const check& c : all_checks()) {
        if (c.info.judges != check_target::subject || !c.suits(op_called(name), profile::smooth)) continue;
        unsteady_subject honest(true), silent(false);
        const finding f = judge(op_called(name), c, honest, x);
        BOOST_TEST((f.outcome != verdict::fail && f.outcome != verdict::error),
                   name << " " << c.info.name << ": " << f.reason);
        bit_for_bit += judge(op_called(name), c, silent, x).outcome == verdict::fail ? 1 : 0;
      }
    }
  BOOST_TEST(bit_for_bit > 0);  // the law that holds exactly is held against who promises that
}

BOOST_AUTO_TEST_CASE(an_unsteady_gradient_that_is_not_linear_is_found_all_the_same) {
  class clipping final : public unsteady_subject {
   public:
    clipping() : unsteady_subject(true) {}
    reply run(mode m, const op& o, const sample& s) override {
      sample clipped = s;
      for (tensor& v : clipped.cotangents)
        for (index_t i = 0; i < v.count(); ++i) v.set(i, std::clamp(v.at(i), -1.0, 1.0));
      return unsteady_subject::run(m, o, clipped);
    }
  };
  clipping s;
  BOOST_TEST(is(judged("sigmoid", s, numbers, "vjp_linearity"), verdict::fail, failure_kind::law));
}

// Every tie takes its first operand, as declared, although all share the scalar bounds.
BOOST_AUTO_TEST_CASE(a_convention_is_recognised_where_ties_have_an_operand_in_common) {
  class first final : public tampered_subject {
   public:
    using tampered_subject::tampered_subject;
    std::string declared_convention(const op&) const override { return "ties: first"; }
  };
  sample x = sample_of(dtype::f64, {{0, 0, 0, 1, -1}}, {1, 2, 4, 8, 16});
  for (int k = 0; k < 2; ++k) x.inputs.emplace_back(scalar(0)), x.tangents.emplace_back(scalar(1));
  const auto given = [&](double dx, double dmin, double dmax) {
    return first([=](mode m, const op&, const sample&, reply& r) {
      if (m != mode::vjp) return;
      const double all[] = {dx, 2 * dx, 4 * dx, 0, 0};
      for (index_t i = 0; i < 5; ++i) r.tensors[0]->set(i, all[i]);
      r.tensors[1]->set(0, dmin), r.tensors[2]->set(0, dmax);
    });
  };
  // 1 lies above max alone; for -1 the bounds tie, and min is the first of them.
  first right = given(1, 16, 8), last = given(0, 0, 31), lost = given(1, 15, 8);
  const finding f = judged("clip", right, x);
  BOOST_TEST(is(f, verdict::pass));
  BOOST_TEST(f.convention == "ties: first");
  BOOST_TEST(is(judged("clip", last, x), verdict::fail, failure_kind::subgradient));
  const finding missing = judged("clip", lost, x);
  BOOST_TEST(is(missing, verdict::fail, failure_kind::subgradient));
  BOOST_REQUIRE(missing.worst.has_value());
  BOOST_TEST((missing.worst->error > missing.worst->bound && missing.worst->expected != missing.worst->actual));
  // Another op, another shape of the same: one number against a whole row.
  sample rows = sample_of(dtype::f64, {{2, 2, 2}, {2}}, {1, 2, 4});
  first row([](mode m, const op&, const sample&, reply& r) {
    if (m != mode::vjp) return;
    for (index_t i = 0; i < 3; ++i) r.tensors[0]->set(i, std::exp2(i));
    r.tensors[1]->set(0, 0);
  });
  BOOST_TEST(judged("max", row, rows).convention == "ties: first");
}

// IEEE division by -0, and the limit from the side on which the function is defined.
BOOST_AUTO_TEST_CASE(an_infinite_slope_at_negative_zero_has_either_sign) {
  const sample x = sample_of(dtype::f32, {{-0.0, 0.0, 4}}, {-1, -1, 1});
  const auto given = [](double at_minus, double at_plus) {
    return tampered_subject([=](mode m, const op&, const sample&, reply& r) {
      if (m == mode::vjp) r.tensors[0]->set(0, at_minus), r.tensors[0]->set(1, at_plus);
    });
  };
  const double infinite = std::numeric_limits<double>::infinity();
  tampered_subject plain = given(infinite, -infinite), limit = given(-infinite, -infinite),
                   wrong = given(-infinite, infinite), none = given(0, -infinite);
  BOOST_TEST(is(judged("sqrt", plain, x), verdict::pass));
  BOOST_TEST(is(judged("sqrt", limit, x), verdict::pass));
  BOOST_TEST((judged("sqrt", wrong, x).outcome == verdict::fail && judged("sqrt", none, x).outcome == verdict::fail));
}

// The numbers that are shown are those that fail, and they say it.
BOOST_AUTO_TEST_CASE(no_text_contradicts_itself) {
  // At a kink, the nearest of what is right, and how far away it is.
  tampered_subject steep([](mode m, const op&, const sample&, reply& r) {
    if (m == mode::vjp) r.tensors[0]->set(0, -0.5);
  });
  const finding f = judged("relu", steep, sample_of(dtype::f64, {{0, 1}}, {3, 1}));
  BOOST_TEST(is(f, verdict::fail, failure_kind::subgradient));
  BOOST_REQUIRE(f.worst.has_value());
  BOOST_TEST((f.worst->expected == "0" && f.worst->actual == "-0.5" && f.worst->error == 0.5));
  BOOST_TEST(f.reason.find("0.5 away from the nearest subgradient") != std::string::npos, f.reason);
  // A law names its numbers in full.
  tampered_subject squared = with_gradient([](float, float g) { return g * g * 1e-9f; });
  const finding law = judged("neg", squared, numbers, "vjp_linearity");
  BOOST_TEST(is(law, verdict::fail, failure_kind::law));
  BOOST_TEST(law.reason.find("0.000000") == std::string::npos, law.reason);
  // A scalar that became a list of one element is what people stumble over most.
  scripted_subject list(reply{.code = reply::status::ok, .message = {}, .tensors = {vector_of(dtype::f64, {0.5})}});
  sample half;
  half.type = dtype::f64;
  half.inputs = half.tangents = {scalar(0.5)};
  half.cotangents = {scalar(1)};
  const finding shape = judged("sigmoid", list, half);
  BOOST_TEST(is(shape, verdict::fail, failure_kind::wrong_shape));
  BOOST_TEST(shape.reason.find("rank 0") != std::string::npos, shape.reason);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_right_otherwise
