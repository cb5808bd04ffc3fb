// What a subject takes of an op: samples are drawn inside of it, pairwise as before, and nothing else is asked.
#include <algorithm>
#include <set>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/op/scope.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_scopes {

BOOST_AUTO_TEST_SUITE(scopes)

namespace {

std::optional<sample> drawn(std::string_view name, std::uint64_t n, const scope& inside, profile p = profile::smooth) {
  return draw_informative_sample(op_called(name), dtype::f32, 1, n, p, inside);
}

// An honest subject that takes what it says, and notes what it is asked outside of that.
class choosy_subject : public test_subject {
 public:
  explicit choosy_subject(scope takes) : takes_(std::move(takes)) {}
  const scope& scope_of(const op&, dtype) const override { return takes_; }
  bool supports(call_condition c) const override { return c == call_condition::partial || test_subject::supports(c); }
  reply run(mode m, const op& o, const sample& s) override {
    if (!takes_.excludes(o, s).empty()) ++outside;
    return honest_->run(m, o, s);
  }
  static inline int outside = 0;

 private:
  scope takes_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

struct judged_run {
  summary total;
  std::vector<unit_result> units;
  std::vector<result> results;
};

judged_run judged(std::string_view name, const scope& takes, const subject_factory& make = nullptr) {
  plan p;
  p.ops = {&op_called(name)};
  for (const check& c : all_checks())
    if (c.info.judges == check_target::subject) p.checks.push_back(&c);
  p.dtypes = {dtype::f32};
  p.samples = 12;
  judged_run r;
  r.total = backproof::run(p, make ? make : [&] { return std::make_unique<choosy_subject>(takes); },
                           {.on_result = [&](const result& one) { r.results.push_back(one); },
                            .on_unit = [&](const unit_result& u) { r.units.push_back(u); }});
  return r;
}

scope one(scope_part part) { return scope({std::move(part)}); }

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_scope_samples_are_what_they_were) {
  for (const char* name : {"softmax", "conv", "gather"})
    for (std::uint64_t n = 0; n < 20; ++n) {
      const sample a = draw_informative_sample(op_called(name), dtype::f32, 1, n);
      const std::optional<sample> b = drawn(name, n, scope());
      BOOST_REQUIRE(b.has_value());
      BOOST_TEST((a.attrs == b->attrs && a.inputs == b->inputs && a.cotangents == b->cotangents));
    }
}

BOOST_AUTO_TEST_CASE(samples_are_drawn_inside) {
  const scope reflect = one({.attributes = {{"mode", {attribute("reflect"), attribute("edge")}}}});
  for (std::uint64_t n = 0; n < 100; ++n) {
    const std::optional<sample> x = drawn("pad", n, reflect);
    BOOST_REQUIRE(x.has_value());
    BOOST_TEST((x->attrs.text("mode") == "reflect" || x->attrs.text("mode") == "edge"));
  }
  const scope small = one({.attribute_ranges = {{"alpha", {0.75, 2}}}, .extents = {{"X", {1, 3}}}});
  for (std::uint64_t n = 0; n < 60; ++n) {
    const std::optional<sample> x = drawn("elu", n, small);
    BOOST_REQUIRE(x.has_value());
    BOOST_TEST((x->attrs.number("alpha") >= 0.75 && x->attrs.number("alpha") <= 2));
    for (const index_t e : x->inputs[0]->dims()) BOOST_TEST((e >= 1 && e <= 3));
  }
  const scope planes = one({.ranks = {{"X", {4, 4}}}});
  for (std::uint64_t n = 0; n < 20; ++n) BOOST_TEST(drawn("conv", n, planes)->inputs[0]->dims().size() == 4u);
}

// What is taken is taken in every combination, as it would be of a sampler that knew nothing else.
BOOST_AUTO_TEST_CASE(pairs_of_choices_still_meet) {
  const scope inside = one({.attributes = {{"transA", {attribute(1)}}}});
  std::set<std::pair<double, double>> whole, restricted;
  for (std::uint64_t n = 0; n < 49; ++n) {
    const sample a = draw_informative_sample(op_called("gemm"), dtype::f32, 1, n);
    whole.insert({a.attrs.number("alpha"), a.attrs.number("beta")});
    const std::optional<sample> b = drawn("gemm", n, inside);
    BOOST_REQUIRE((b && b->attrs.flag("transA")));
    restricted.insert({b->attrs.number("alpha"), b->attrs.number("beta")});
  }
  BOOST_TEST((restricted == whole));
}

BOOST_AUTO_TEST_CASE(numbers_are_equal_as_a_document_writes_them) {
  const op& gemm = op_called("gemm");
  sample x = draw_sample(gemm, dtype::f32, 1, 0);
  const auto takes = [&](const char* name, std::vector<std::optional<attribute>> values) {
    return scope_part{.attributes = {{name, std::move(values)}}}.excludes(gemm, x).empty();
  };
  x.attrs.set("alpha", 1.0);
  BOOST_TEST(takes("alpha", {attribute(1)}));
  x.attrs.set("alpha", static_cast<double>(0.1f));
  BOOST_TEST(
      (takes("alpha", {attribute(0.1)}) && !takes("alpha", {attribute(0.11)}) && !takes("alpha", {std::nullopt})));
  BOOST_TEST((takes("none_such", {std::nullopt}) && !takes("none_such", {attribute(1)})));
  const scope_part unknown{.ranks = {{"Nothing", {0, 9}}}};
  BOOST_TEST(unknown.excludes(gemm, x) == "the rank of Nothing");
}

BOOST_AUTO_TEST_CASE(nothing_outside_is_asked_whatever_checks_derive) {
  choosy_subject::outside = 0;
  const judged_run r = judged("softmax", one({.extents = {{"input", {1, 4}}}}));
  BOOST_TEST(choosy_subject::outside == 0);
  BOOST_TEST((r.units[0].outcome == verdict::pass && r.total.exit_code() == 0), r.units[0].reason);
}

BOOST_AUTO_TEST_CASE(a_scope_without_a_sample_proves_nothing) {
  const judged_run r = judged("softmax", one({.ranks = {{"X", {9, 9}}}}));
  BOOST_TEST((r.results.empty() && r.units[0].outcome == verdict::vacuous && r.total.exit_code() == 1));
}

BOOST_AUTO_TEST_CASE(parts_add_up) {
  const scope either(
      {{.attributes = {{"mode", {attribute("edge")}}}}, {.attributes = {{"mode", {attribute("wrap")}}}}});
  std::set<std::string> modes;
  for (std::uint64_t n = 0; n < 40; ++n) modes.insert(drawn("pad", n, either)->attrs.text("mode"));
  BOOST_TEST((modes == std::set<std::string>{"edge", "wrap"}));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_there_is_not_by_design_is_not_asked_for) {
  const subject_factory without_b = [] {
    class subject_without_b : public choosy_subject {
     public:
      subject_without_b() : choosy_subject(one({.no_grad = {"B"}})) {}
      reply run(mode m, const op& o, const sample& s) override {
        reply r = choosy_subject::run(m, o, s);
        if (&o != &op_called("mul")) return r;  // a check asks for another op, too
        BOOST_TEST(!s.tangents[1].has_value());
        if (m == mode::vjp) BOOST_TEST(!r.tensors.at(1).has_value());
        return r;
      }
    };
    return std::make_unique<subject_without_b>();
  };
  const judged_run r = judged("mul", {}, without_b);
  BOOST_TEST((r.units[0].outcome == verdict::pass && r.total.exit_code() == 0), r.units[0].reason);
  // By position, too.
  BOOST_TEST(!drawn("mul", 0, one({.no_grad = {"0"}}))->tangents[0].has_value());
}

// A right subject stays right, and no check falls over what is not there, whichever gradients are left out.
BOOST_AUTO_TEST_CASE(any_gradient_may_be_left_out_of_any_op) {
  for (const op& o : all_ops()) {
    const auto& in = o.sig.inputs;
    if (std::count_if(in.begin(), in.end(), [](const operand& p) { return p.differentiable; }) < 2) continue;
    for (std::size_t k = 0; k < std::min<std::size_t>(o.sig.inputs.size(), 3); ++k) {
      if (!o.sig.input(k).differentiable) continue;
      for (const profile p : {profile::smooth, profile::kink, profile::special}) {
        if (!draws(o, dtype::f32, p)) continue;
        const auto x = draw_informative_sample(o, dtype::f32, 1, 3 + k, p, one({.no_grad = {std::to_string(k)}}));
        const std::unique_ptr<subject> s = reference_subject();
        for (const check& c : all_checks()) {
          if (!c.suits(o, p)) continue;
          BOOST_TEST_CHECKPOINT(o.info.name << " without gradient " << k << ", " << c.info.name);
          const finding f = judge(o, c, *s, *x);
          BOOST_TEST((f.outcome != verdict::fail && f.outcome != verdict::error),
                     o.info.name << " without gradient " << k << ", " << c.info.name << ", " << case_name(p, 3 + k)
                                 << ": " << f.reason);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_scopes
