// Blind spots that checkers of gradients have had, each told in public, and each proved not to be one here. What was
// missed is planted, and found.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_blind_spots {

BOOST_AUTO_TEST_SUITE(blind_spots)

namespace {

constexpr std::uint64_t default_samples = 49;

const op& named(std::string_view name) { return *find_op(name); }

verdict judged(const op& o, subject& s, const sample& x, std::string_view by = "reference_gradient") {
  return judge(o, *find_check(by), s, x).outcome;
}

tampered_subject::tamper on_gradient(const std::function<double(double, index_t)>& f, std::size_t k = 0) {
  return [=](mode m, const op&, const sample&, reply& r) {
    for (index_t i = 0; m == mode::vjp && r.tensors[k] && i < r.tensors[k]->count(); ++i)
      r.tensors[k]->set(i, f(r.tensors[k]->at(i), i));
  };
}

// As many failures as `backproof check` would count with the one check.
std::uint64_t failures(const op& o, const subject_factory& make, std::string_view by = "reference_gradient") {
  plan p;
  p.ops = {&o};
  p.checks = {find_check(by)};
  p.dtypes = {dtype::f64};
  return run(p, make, {})[verdict::fail];
}

template <class F>
std::uint64_t count_samples(const op& o, F has) {
  std::uint64_t n = 0;
  for (std::uint64_t k = 0; k < default_samples; ++k) n += has(draw_informative_sample(o, dtype::f64, 1, k));
  return n;
}

}  // namespace

// tensorflow PR #1847: the cotangent was never propagated, and every op was differentiated with a cotangent of 1.
BOOST_AUTO_TEST_CASE(a_gradient_that_ignores_its_cotangent) {
  const auto ignores = [] {
    return std::make_unique<tampered_subject>([](mode m, const op& o, const sample& x, reply& r) {
      if (m != mode::vjp) return;
      sample ones = x;
      for (index_t i = 0; i < ones.cotangents[0].count(); ++i) ones.cotangents[0].set(i, 1);
      r = reference_subject()->run(m, o, ones);
    });
  };
  BOOST_TEST(failures(named("exp"), ignores) > 40U);
}

// chainer #3541: after a refactoring the check accepted wrong gradients of any function.
BOOST_AUTO_TEST_CASE(a_check_that_accepts_anything) {
  tampered_subject twice([](mode m, const op&, const sample&, reply& r) {
    for (auto& d : r.tensors)
      for (index_t i = 0; m == mode::vjp && d && i < d->count(); ++i) d->set(i, 2 * d->at(i));
  });
  for (const op& o : all_ops()) {
    if (o.info.zero_gradient) continue;
    const sample x = draw_informative_sample(o, dtype::f64, 1, 0);
    BOOST_TEST((judged(o, twice, x) == verdict::fail), o.info.name);
  }
}

// tiny-dnn PR #871: the target gradient was set on a copy, so that two zeros were compared and everything passed.
BOOST_AUTO_TEST_CASE(a_comparison_of_zeros) {
  sample x = draw_informative_sample(named("exp"), dtype::f64, 1, 0);
  for (index_t i = 0; i < x.cotangents[0].count(); ++i) x.cotangents[0].set(i, 0);
  BOOST_TEST((judged(named("exp"), *reference_subject(), x) == verdict::vacuous));
}

// HomericIntelligence/Odyssey #2089, #2090: a shallow copy was perturbed, not restored, and dropout drew again.
BOOST_AUTO_TEST_CASE(a_perturbation_that_stays) {
  for (const char* name : {"dropout", "exp", "conv"})
    for (const check& c : all_checks()) {
      if (!c.suits(named(name), profile::smooth)) continue;
      const sample x = draw_informative_sample(named(name), dtype::f64, 1, 3);
      const sample before = x;
      judge(named(name), c, *reference_subject(), x);
      BOOST_TEST((x.inputs == before.inputs && x.cotangents == before.cotangents && x.attrs == before.attrs));
    }
}

// HomericIntelligence/Odyssey #5107: with ones for a cotangent the gradient of a batch norm is 0, and noise is
// compared.
BOOST_AUTO_TEST_CASE(a_uniform_cotangent) {
  const auto uniform = [](const sample& x) {
    const tensor& v = x.cotangents[0];
    bool all = v.count() > 1;
    for (index_t i = 1; i < v.count(); ++i) all = all && v.at(i) == v.at(0);
    return all;
  };
  for (const op& o : all_ops()) BOOST_TEST(count_samples(o, uniform) == 0U, o.info.name);
}

// BVLC/caffe PR #1326: the checker skipped the kink, so the gradient of abs at 0 was NaN for long.
BOOST_AUTO_TEST_CASE(a_kink_that_is_avoided) {
  const auto wrong_at_zero = [](double value) {
    return [value] {
      return std::make_unique<tampered_subject>([value](mode m, const op&, const sample& x, reply& r) {
        for (index_t i = 0; m == mode::vjp && i < r.tensors[0]->count(); ++i)
          if (x.inputs[0]->at(i) == 0) r.tensors[0]->set(i, value * x.cotangents[0].at(i));
      });
    };
  };
  BOOST_TEST(failures(named("abs"), wrong_at_zero(std::nan(""))) > 0U);
  BOOST_TEST(failures(named("abs"), wrong_at_zero(1.5)) > 0U);
  BOOST_TEST(failures(named("abs"), wrong_at_zero(-0.25)) == 0U);  // a subgradient
}

// mlpack #1923: there was no trainable layer before the one under test, so that dx was never looked at.
BOOST_AUTO_TEST_CASE(an_input_that_is_not_checked) {
  for (const op& o : all_ops()) {
    if (o.info.zero_gradient) continue;
    const sample x = draw_informative_sample(o, dtype::f64, 1, 1);
    const oracle truth(o, x, format_of(dtype::f64));
    for (std::size_t k = 0; k < truth.gradient().size(); ++k) {
      bool signal = false;
      for (index_t i = 0; i < truth.gradient()[k].size(); ++i) signal = signal || truth.gradient()[k][i] != real(0);
      tampered_subject wrong(on_gradient([](double d, index_t) { return -d; }, k));
      if (signal) BOOST_TEST((judged(o, wrong, x) == verdict::fail), o.info.name << ", input " << k);
    }
  }
}

// Knet #288, DeepSpeed #692: gamma was 1 and beta 0 in all tests, so that a gradient without gamma passed.
BOOST_AUTO_TEST_CASE(a_parameter_at_its_neutral_value) {
  const auto constant = [](const sample& x) {
    const tensor& scale = *x.inputs[1];
    bool all = true;
    for (index_t i = 0; i < scale.count(); ++i) all = all && scale.at(i) == 1;
    return all;
  };
  for (const char* name : {"batch_normalization", "layer_normalization", "group_normalization", "rms_normalization"})
    BOOST_TEST(count_samples(named(name), constant) == 0U);
  for (const op& o : all_ops()) {
    std::map<std::string, std::set<std::string>> taken;
    for (std::uint64_t k = 0; k < default_samples; ++k) {
      const sample x = draw_informative_sample(o, dtype::f64, 1, k);
      for (const auto& [key, value] : x.attrs)
        if (std::holds_alternative<double>(value)) taken[key].insert(std::to_string(std::get<double>(value)));
      for (auto& [key, values] : taken)
        if (!x.attrs.has(key)) values.insert("not given");
    }
    for (const auto& [key, values] : taken) BOOST_TEST(values.size() > 1U, o.info.name << ", attribute " << key);
  }
}

// onnxruntime PR #5160: the checker exercised the kernel of the CPU, never the fused one. Every path is asked that a
// subject says it has: here one for operands that are not contiguous.
BOOST_AUTO_TEST_CASE(a_path_that_is_not_taken) {
  class two_paths : public tampered_subject {
   public:
    two_paths()
        : tampered_subject([](mode, const op&, const sample& x, reply& r) {
            for (index_t i = 0; x.under == call_condition::strided && i < r.tensors[0]->count(); ++i)
              r.tensors[0]->set(i, 3 * r.tensors[0]->at(i));
          }) {}
    bool supports(call_condition c) const override {
      return c == call_condition::plain || c == call_condition::strided;
    }
  };
  BOOST_TEST(failures(named("softmax"), [] { return std::make_unique<two_paths>(); }) == 0U);
  BOOST_TEST(failures(
                 named("softmax"), [] { return std::make_unique<two_paths>(); }, "layout") > 0U);
}

// pytorch #78355: a term of the wrong shape was repaired by broadcasting before it was compared.
BOOST_AUTO_TEST_CASE(a_shape_that_broadcasting_repairs) {
  tampered_subject scalar([](mode m, const op&, const sample& x, reply& r) {
    if (m == mode::vjp) r.tensors[0] = tensor(x.type, {1}, std::vector<double>{r.tensors[0]->at(0)});
  });
  sample x = draw_informative_sample(named("neg"), dtype::f64, 1, 0);
  x.inputs = {tensor(dtype::f64, {3}, std::vector<double>{1, 2, 3})};
  x.cotangents = {tensor(dtype::f64, {3}, std::vector<double>{5, 5, 5})};
  x.tangents = {x.inputs[0]};
  const finding f = judge(named("neg"), *find_check("reference_gradient"), scalar, x);
  BOOST_TEST((f.outcome == verdict::fail && f.kind == failure_kind::wrong_shape));
}

// FlagGems #5212: the test passed a cotangent of the input's shape, where the real call passes one number.
BOOST_AUTO_TEST_CASE(a_cotangent_that_no_caller_passes) {
  const op& o = named("mse_loss");
  const auto reduced = [](const sample& x) {
    return x.attrs.text("reduction") != "none" && x.cotangents[0].dims().empty() && x.inputs[0]->count() > 1;
  };
  BOOST_TEST(count_samples(o, reduced) > 10U);
}

// tt-metal PR #53885: correlation instead of an element-wise error, with NaN taken for 0.
BOOST_AUTO_TEST_CASE(a_metric_that_forgives) {
  const op& o = named("softmax");
  const sample x = draw_informative_sample(o, dtype::f32, 1, 0);
  tampered_subject scaled(on_gradient([](double d, index_t) { return 1.01 * d; })),
      not_finite(on_gradient([](double d, index_t i) { return i == 0 ? std::nan("") : d; })),
      infinite(on_gradient([](double d, index_t i) { return i == 0 ? infinity : d; }));
  BOOST_TEST((judged(o, scaled, x) == verdict::fail));
  BOOST_TEST((judged(o, not_finite, x) == verdict::fail));
  BOOST_TEST((judged(o, infinite, x) == verdict::fail));
}

// burn, FlagGems and torch: only sizes that divide, strides equal to windows, square images, batches of 1.
BOOST_AUTO_TEST_CASE(sizes_that_are_too_even) {
  for (const char* name : {"max_pool", "average_pool"}) {
    const auto overlaps = [](const sample& x) {
      return x.attrs.integers("strides")[0] < x.attrs.integers("kernel_shape")[0];
    };
    const auto oblong = [](const sample& x) {
      const shape& s = x.inputs[0]->dims();
      return s.size() > 3 && s[2] != s[3];
    };
    const auto batch = [](const sample& x) { return x.inputs[0]->dims()[0] > 1; };
    BOOST_TEST(count_samples(named(name), overlaps) > 5U);
    BOOST_TEST(count_samples(named(name), oblong) > 5U);
    BOOST_TEST(count_samples(named(name), batch) > 5U);
  }
}

// tinygrad: samples from -2 to 2 never see the upper knees of relu6 and hard_swish.
BOOST_AUTO_TEST_CASE(a_range_that_is_too_narrow) {
  const auto beyond = [](double knee) {
    return [knee](const sample& x) {
      bool any = false;
      for (index_t i = 0; i < x.inputs[0]->count(); ++i) any = any || x.inputs[0]->at(i) > knee;
      return any;
    };
  };
  BOOST_TEST(count_samples(named("relu6"), beyond(6)) > 5U);
  BOOST_TEST(count_samples(named("hard_swish"), beyond(3)) > 5U);
  BOOST_TEST(count_samples(named("hard_sigmoid"), beyond(3)) > 5U);
}

// seantalts/stanli #144: right at a subnormal number, NaN at an exact zero. One point is not enough.
BOOST_AUTO_TEST_CASE(a_single_point) {
  const auto fails_at = [](double value) {
    return [value] {
      return std::make_unique<tampered_subject>([value](mode m, const op&, const sample& x, reply& r) {
        for (index_t i = 0; m == mode::vjp && i < r.tensors[0]->count(); ++i)
          if (x.inputs[0]->at(i) == value) r.tensors[0]->set(i, std::nan(""));
      });
    };
  };
  const format& f = format_of(dtype::f64);
  for (const double value : {0.0, f.tiny(), -f.tiny(), f.smallest(), f.largest(), -f.largest(), -infinity})
    BOOST_TEST(failures(named("exp"), fails_at(value)) > 0U, value);
}

// stan-dev/math #1569: the cotangent multiplies only one of two terms, which a cotangent of 1 does not show.
BOOST_AUTO_TEST_CASE(a_term_without_the_cotangent) {
  const auto partly = [] {
    return std::make_unique<tampered_subject>([](mode m, const op&, const sample& x, reply& r) {
      for (index_t i = 0; m == mode::vjp && i < r.tensors[0]->count(); ++i) {
        const double b = x.inputs[0]->at(i), g = x.cotangents[0].at(i), tangh = std::tanh(b);
        r.tensors[0]->set(i, g * 1 - tangh * tangh);
      }
    });
  };
  BOOST_TEST(failures(named("tanh"), partly) > 40U);
  BOOST_TEST(failures(named("tanh"), partly, "vjp_linearity") > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_blind_spots
