// For each check a bug that no other one catches, put to all of them: what would be missed without it. Where there is
// none, the reason stands here.
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/op/own_op.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "reference/exp.hpp"
#include "reference/layer_normalization.hpp"
#include "reference/mul.hpp"
#include "reference/relu.hpp"
#include "reference/sigmoid.hpp"
#include "reference/tanh.hpp"
#include "support.hpp"

namespace backproof::tests::in_only_this_check {

BOOST_AUTO_TEST_SUITE(only_this_check)

namespace {

// ---- Wrong ops ----

struct half_a_sigmoid : ops::sigmoid {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = logistic::sigmoid(c.in[0][i] * S(0.5));
  }
};

struct twice_at_zero : ops::relu {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::relu::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i)
      if (c.in[0][i] == S(0)) d[0][i] = g[0][i] + g[0][i];
  }
};

// Less than the 2^-90 that is left to others, but not to differences.
struct slightly_wrong_in_one_element : ops::exp {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::exp::vjp(c, g, d);
    if (d[0].size() > 0) d[0][0] = d[0][0] * (S(1) + S(0x1p-98));
  }
};

// Derivatives of which no inner product takes notice, beside others that are 2^26 times as large.
struct slightly_wrong_where_it_is_small : ops::exp {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::exp::vjp(c, g, d);
    bool large = false;
    for (index_t i = 0; i < d[0].size(); ++i) large = large || S(9) < c.in[0][i];
    for (index_t i = 0; large && i < d[0].size(); ++i)
      if (c.in[0][i] < S(-9)) d[0][i] = d[0][i] * (S(1) + S(0x1p-87));
  }
};

struct a_law_that_is_not_so : ops::sigmoid {
  static constexpr law laws[] = {law::reflection(0.25)};
};

struct stretches_more_than_it_says : ops::layer_normalization {
  static double jacobian_norm_bound(const call<real>& c, std::size_t k) {
    return ops::layer_normalization::jacobian_norm_bound(c, k) / 2;
  }
};

// ---- Subjects that are wrong in one way of being asked ----

class wrong_in_a_condition : public test_subject {
 public:
  explicit wrong_in_a_condition(call_condition c) : c_(c) {}
  bool supports(call_condition c) const override { return c == call_condition::plain || c == c_; }
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    if (s.under == c_)  // as if it had not been asked in that way at all, and something more
      for (auto& t : r.tensors)
        for (index_t i = 0; t && i < t->count(); ++i) t->set(i, t->at(i) * 1.5);
    return r;
  }

 private:
  call_condition c_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

class writes_into_its_input : public test_subject {
 public:
  bool supports(call_condition c) const override { return c == call_condition::plain || c == call_condition::watched; }
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    r.changed.emplace();
    if (m == mode::vjp) r.changed->push_back("in.0");
    return r;
  }

 private:
  std::unique_ptr<subject> honest_ = reference_subject();
};

// Skips the work if the cotangent is zero, and with it the writing of the zeros.
class leaves_what_was_there : public test_subject {
 public:
  reply run(mode m, const op& o, const sample& s) override {
    if (m != mode::vjp) return honest_->run(m, o, s);
    bool zero = true;
    for (const tensor& v : s.cotangents)
      for (index_t i = 0; i < v.count(); ++i) zero = zero && v.at(i) == 0;
    if (!zero) last_ = honest_->run(m, o, s);
    return last_;
  }

 private:
  reply last_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

// Another answer whenever the same is asked twice in a row.
class forgets : public test_subject {
 public:
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    const bool again = m == mode::vjp && last_ == r.tensors;
    if (m == mode::vjp) last_ = r.tensors;
    if (again)
      for (auto& t : r.tensors)
        for (index_t i = 0; t && i < t->count(); ++i) t->set(i, t->at(i) * 1.5);
    return r;
  }

 private:
  std::vector<std::optional<tensor>> last_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

// Saves its output in a place that all ops share, and trusts it if the shape fits: 1 - y^2.
class saves_in_one_place : public test_subject {
 public:
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    if (m == mode::forward) saved_ = r.tensors[0];
    if (m != mode::vjp || o.info.name != "tanh" || !saved_ || saved_->dims() != s.inputs[0]->dims()) return r;
    const reply own = honest_->run(mode::forward, o, s);
    if (*saved_ == *own.tensors[0]) return r;
    for (index_t i = 0; i < saved_->count(); ++i)
      r.tensors[0]->set(i, s.cotangents[0].at(i) * (1 - saved_->at(i) * saved_->at(i)));
    return r;
  }

 private:
  std::optional<tensor> saved_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

// Right in every call condition.
class compliant : public test_subject {
 public:
  bool supports(call_condition) const override { return true; }
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    r.changed.emplace();
    if (m != mode::vjp) return r;
    for (std::size_t k = 0; k < r.tensors.size(); ++k)
      for (std::size_t j = 0; s.under == call_condition::shared && r.tensors[k] && j < k; ++j)
        if (r.tensors[j] && *s.inputs[j] == *s.inputs[k]) {
          add(*r.tensors[j], *r.tensors[k]);
          r.tensors[k].reset();
        }
    for (auto& t : r.tensors)
      if (s.under == call_condition::accumulated && t) add(*t, *t);
    return r;
  }

 private:
  static void add(tensor& to, const tensor& t) {
    for (index_t i = 0; i < t.count(); ++i) to.set(i, to.at(i) + t.at(i));
  }
  std::unique_ptr<subject> honest_ = reference_subject();
};

// ---- Ops that backproof does not know, of a matrix to a matrix ----

using numbers = std::vector<double>;

struct custom {
  numbers (*forward)(const numbers& x, index_t rows) = nullptr;
  numbers (*vjp)(const numbers& x, const numbers& g, index_t rows) = nullptr;
  numbers (*jvp)(const numbers& x, const numbers& u) = nullptr;
};

op custom_op(const std::string& batch) {
  return own_op({.name = "Custom",
                 .domain = "tests",
                 .signature = "X[N,C] -> Y[N,C]",
                 .opset = 0,
                 .batch = batch,
                 .attributes = {},
                 .ranges = {{"X", {-3, 3}}}});
}

class custom_subject : public test_subject {
 public:
  explicit custom_subject(custom f) : f_(f) {}
  offer offers(const op&, dtype t) const override {
    return {.forward = t == dtype::f64, .vjp = t == dtype::f64, .jvp = f_.jvp != nullptr, .why_not = ""};
  }
  reply run(mode m, const op&, const sample& s) override {
    const shape& dims = s.inputs[0]->dims();
    const numbers x = list(*s.inputs[0]);
    const numbers out = m == mode::forward ? f_.forward(x, dims[0])
                        : m == mode::vjp   ? f_.vjp(x, list(s.cotangents[0]), dims[0])
                                           : f_.jvp(x, list(*s.tangents[0]));
    reply r;
    r.tensors.emplace_back(tensor(dtype::f64, dims, out));
    return r;
  }

 private:
  static numbers list(const tensor& t) {
    numbers x;
    for (index_t i = 0; i < t.count(); ++i) x.push_back(t.at(i));
    return x;
  }
  custom f_;
};

numbers mapped(const numbers& x, const numbers& g, double (*f)(double, double)) {
  numbers y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(f(x[i], g[i]));
  return y;
}

constexpr auto exponential = [](const numbers& x, index_t) {
  return mapped(x, x, [](double a, double) { return std::exp(a); });
};
constexpr auto exponential_vjp = [](const numbers& x, const numbers& g, index_t) {
  return mapped(x, g, [](double a, double b) { return b * std::exp(a); });
};

// Each column without its mean over the batch: right forwards and backwards, but its examples are not independent.
numbers without_mean(const numbers& x, const numbers&, index_t rows) {
  numbers y = x;
  const auto n = static_cast<std::size_t>(rows), columns = x.size() / n;
  for (std::size_t c = 0; c < columns; ++c) {
    double mean = 0;
    for (std::size_t r = 0; r < n; ++r) mean += x[r * columns + c] / static_cast<double>(rows);
    for (std::size_t r = 0; r < n; ++r) y[r * columns + c] -= mean;
  }
  return y;
}

// ---- The table ----

struct unique_bug {
  const char* check;
  const char* what;
  op truth;
  std::function<std::unique_ptr<subject>()> make;
  profile p = profile::smooth;
};

template <class Truth, class Mutant = Truth>
unique_bug of_op(const char* check, const char* what, profile p = profile::smooth) {
  return {check, what, make_op<Truth>(), [] { return std::make_unique<mutant_subject>(make_op<Mutant>()); }, p};
}
template <class Subject, class... Arguments>
unique_bug of_subject(const char* check, const char* what, op truth, Arguments... arguments) {
  return {check, what, std::move(truth), [=] { return std::make_unique<Subject>(arguments...); }};
}
unique_bug at_edges(unique_bug b) {
  b.p = profile::kink;
  return b;
}

std::vector<unique_bug> bugs() {
  const op tanh = make_op<ops::tanh>(), mul = make_op<ops::mul>();
  const custom wrong_jvp{exponential, exponential_vjp, [](const numbers& x, const numbers& u) {
                           return mapped(x, u, [](double, double b) { return b; });
                         }};
  const custom coupled{[](const numbers& x, index_t rows) { return without_mean(x, {}, rows); },
                       [](const numbers&, const numbers& g, index_t rows) { return without_mean(g, {}, rows); }};
  const custom nothing_at_0{exponential,
                            [](const numbers& x, const numbers& g, index_t) {
                              return mapped(x, g, [](double a, double b) { return a == 0 ? 0 : b * std::exp(a); });
                            },
                            nullptr};
  return {
      of_op<ops::sigmoid, half_a_sigmoid>("reference_value", "a forward function of the wrong scale"),
      of_op<ops::relu, twice_at_zero>("reference_gradient", "no subgradient at the kink", profile::kink),
      of_op<slightly_wrong_in_one_element>("finite_difference", "2^-98 of one element"),
      of_op<slightly_wrong_where_it_is_small>("jacobian", "2^-87 of small elements beside large ones"),
      of_op<a_law_that_is_not_so>("laws", "a stated law that does not hold"),
      of_op<stretches_more_than_it_says>("spectral_norm", "a stated bound that is too low"),
      of_subject<leaves_what_was_there>("vjp_linearity", "nothing written for a zero cotangent", tanh),
      of_subject<forgets>("determinism", "another answer the second time", tanh),
      of_subject<writes_into_its_input>("input_mutation", "an input written to", tanh),
      of_subject<saves_in_one_place>("chain_rule", "outputs of all ops saved in one place", tanh),
      of_subject<wrong_in_a_condition>("layout", "wrong if strided", tanh, call_condition::strided),
      of_subject<wrong_in_a_condition>("layout", "wrong if expanded", tanh, call_condition::expanded),
      of_subject<wrong_in_a_condition>("layout", "wrong if unaligned", tanh, call_condition::unaligned),
      of_subject<wrong_in_a_condition>("aliasing", "wrong if aliased", mul, call_condition::aliased),
      of_subject<wrong_in_a_condition>("aliasing", "a shared input gets one of its paths", mul, call_condition::shared),
      of_subject<wrong_in_a_condition>("saved_tensors", "wrong the second time", tanh, call_condition::retained),
      of_subject<wrong_in_a_condition>("accumulate", "overwritten", tanh, call_condition::accumulated),
      of_subject<wrong_in_a_condition>("partial_gradients", "wrong for some inputs alone", mul,
                                       call_condition::partial),
      of_subject<wrong_in_a_condition>("thread_count", "wrong with threads", tanh, call_condition::threads),
      of_subject<custom_subject>("adjoint_identity", "a wrong JVP beside a right VJP", custom_op(""), wrong_jvp),
      at_edges(
          of_subject<custom_subject>("own_difference", "nothing where an element is 0", custom_op(""), nothing_at_0)),
      of_subject<custom_subject>("batch_independence", "examples that leak into each other", custom_op("N"), coupled),
  };
}

// Checks without a bug of their own, and why.
const std::map<std::string, std::string> never_alone = {
    {"dual_jvp",
     "what forward mode sees in 27 digits, differences see in more; they share the forward function, and no step"},
    {"second_order",
     "a gradient whose derivative is not symmetric is not the gradient of the function, which dual_jvp sees"},
    {"taylor_remainder",
     "says what reference_gradient and adjoint_identity say, with neither the VJP nor forward mode of the reference"},
    {"distributed_chain_rule", "a path that is left out makes the gradient wrong, which dual_jvp sees"},
    {"translation_equivariance", "its ops have a reference, with which reference_gradient compares every element"},
    {"permutation_equivariance",
     "if batches of every size are independent of their parts, their order does not matter"},
};

std::set<std::string> that_fail(const unique_bug& b, std::uint64_t samples) {
  std::set<std::string> names;
  for (std::uint64_t n = 0; n < samples; ++n) {
    const sample x = draw_informative_sample(b.truth, dtype::f64, 1, n, b.p);
    for (const check& c : registered_checks()) {
      const std::unique_ptr<subject> s = b.make();  // what one check has asked is nothing to the next
      if (!c.suits(b.truth, b.p) || !c.suits(*s)) continue;
      if (judge(b.truth, c, *s, x).outcome == verdict::fail) names.insert(std::string(c.info.name));
    }
  }
  return names;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_bug_is_caught_by_its_check_and_by_no_other) {
  for (const unique_bug& b : bugs()) {
    const std::set<std::string> caught = that_fail(b, 20);
    std::string names;
    for (const std::string& n : caught) names += n + " ";
    BOOST_TEST((caught == std::set<std::string>{b.check}), b.check << ", " << b.what << ": caught by " << names);
  }
}

BOOST_AUTO_TEST_CASE(every_check_has_its_bug_or_a_reason) {
  std::set<std::string> named;
  for (const unique_bug& b : bugs()) named.insert(b.check);
  for (const auto& [check, reason] : never_alone) {
    BOOST_TEST(named.count(check) == 0u, check << " has a bug after all");
    named.insert(check);
  }
  for (const check& c : registered_checks()) BOOST_TEST(named.count(std::string(c.info.name)) == 1u, c.info.name);
  BOOST_TEST(named.size() == registered_checks().size());
}

// The same subjects without their bugs.
BOOST_AUTO_TEST_CASE(what_is_right_passes) {
  const custom right{exponential, exponential_vjp,
                     [](const numbers& x, const numbers& u) { return exponential_vjp(x, u, 0); }};
  const op o = custom_op("N");
  for (std::uint64_t n = 0; n < 20; ++n) {
    const sample x = draw_sample(o, dtype::f64, 1, n);
    for (const check& c : registered_checks()) {
      custom_subject s(right);
      if (!c.suits(o, profile::smooth) || !c.suits(s)) continue;
      const finding f = judge(o, c, s, x);
      BOOST_TEST((f.outcome == verdict::pass || f.outcome == verdict::unresolved),
                 c.info.name << " " << name_of(f.outcome) << ": " << f.reason);
    }
  }
}

// Under sanitizers a tenth of them, for what those look for does not need the numbers.
#if defined(BACKPROOF_SANITIZED)
constexpr int thousand = 100;
#else
constexpr int thousand = 1000;
#endif

BOOST_AUTO_TEST_CASE(a_right_subject_passes_a_thousand_samples_of_each_check) {
  std::map<std::string_view, int> passed;
  const auto put = [&](const check& c, const op& o, subject& s, const sample& x) {
    const finding f = judge(o, c, s, x);
    BOOST_REQUIRE_MESSAGE(f.outcome == verdict::pass || f.outcome == verdict::unresolved,
                          c.info.name << " on " << o.info.name << ", case " << x.number << ": " << f.reason);
    passed[c.info.name] += f.outcome == verdict::pass;
  };
  for (const check& c : registered_checks()) {
    compliant s;
    for (std::uint64_t n = 0; passed[c.info.name] < thousand && n < 1500; ++n)
      for (const op& o : registered_ops())
        if (c.suits(o, profile::smooth) && passed[c.info.name] < thousand)
          put(c, o, s, draw_informative_sample(o, n % 2 == 0 ? dtype::f32 : dtype::f64, 1, n));
  }
  // What asks nothing of a reference alone has an op without one.
  const op own = custom_op("N");
  custom_subject right({exponential, exponential_vjp, nullptr});
  const check& difference = check_called("own_difference");
  for (std::uint64_t n = 0; n < static_cast<std::uint64_t>(thousand) + 10; ++n)
    put(difference, own, right, draw_sample(own, dtype::f64, 1, n));
  for (const check& c : registered_checks())
    BOOST_TEST(passed[c.info.name] >= thousand, c.info.name << " " << passed[c.info.name]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_only_this_check
