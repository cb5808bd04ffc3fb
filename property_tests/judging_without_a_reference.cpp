// An op that backproof cannot compute is judged by its own forward function. Ops whose reference is taken away are such
// ops: honest subjects of them are not accused, and wrong VJPs are caught.
#include "backproof/judge/informative_sample.hpp"
#include "backproof/run/judging.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(judging_without_a_reference)

namespace {

op without_reference(op o) {
  o.real_kernels = {}, o.bounded_kernels = {}, o.rounded_kernels = {};
  o.dual_forward = nullptr, o.kinks = nullptr, o.gradient_is_convention = nullptr;
  o.variants.clear();
  return o;
}

// Knows what the op computes, and offers it in all formats; `wrong` is done to its gradients.
class knowing_subject : public subject {
 public:
  using change = void (*)(reply&);
  explicit knowing_subject(const op& o, order sums = order::forward, change wrong = nullptr)
      : known_(o), wrong_(wrong), reference_(reference_subject(sums)) {}
  std::string name() const override { return "knowing"; }
  std::string version() const override { return "0"; }
  offer offers(const op&, dtype) const override { return {.forward = true, .vjp = true, .jvp = false, .why_not = ""}; }
  reply run(mode m, const op&, const sample& s) override {
    reply r = reference_->run(m, known_, s);
    if (m == mode::vjp && wrong_ != nullptr) wrong_(r);
    return r;
  }

 private:
  const op& known_;
  change wrong_;
  std::unique_ptr<subject> reference_;
};

void scale(tensor& t, double factor) {
  for (index_t i = 0; i < t.count(); ++i) t.set(i, factor * t.at(i));
}

// Bugs that need no knowledge of the op.
void a_sixteenth_too_large(reply& r) {
  for (auto& t : r.tensors)
    if (t) scale(*t, 1.0625);
}
void the_last_gradient_negative(reply& r) {
  for (std::size_t k = r.tensors.size(); k-- > 0;)
    if (r.tensors[k]) return scale(*r.tensors[k], -1);
}
void no_gradient(reply& r) {
  for (auto& t : r.tensors)
    if (t) scale(*t, 0);
}

struct verdicts {
  int pass = 0, fail = 0, other = 0;
  std::string first;  // failure
};

verdicts judge_blindly(const op& blind, subject& s, const sample& x) {
  verdicts n;
  const oracle truth(blind, x, s.accumulator(x.type));
  trial t(truth, s, {x.type, s.accumulator(x.type)});
  for (const check& c : all_checks()) {
    if (!c.suits(blind, x.made_for) || !c.suits(s)) continue;
    const finding f = judge(c, t);
    ++(f.outcome == verdict::pass ? n.pass : f.outcome == verdict::fail ? n.fail : n.other);
    if (f.outcome == verdict::fail && n.first.empty()) n.first = std::string(c.info.name) + ": " + f.reason;
  }
  return n;
}

}  // namespace

BOOST_AUTO_TEST_CASE(honest_subjects_are_not_accused) {
  verdicts all;
  holds_for_every_op(200, [&](const question& q) {
    const op blind = without_reference(*q.o);
    knowing_subject s(*q.o, *rc::gen::element(order::forward, order::reverse, order::pairwise, order::blocked));
    const sample x = q.draw();
    if (q.o->gradient_is_convention != nullptr && q.o->gradient_is_convention(x.attrs))
      return;  // then the VJP is meant to be another one
    const verdicts n = judge_blindly(blind, s, x);
    if (n.fail > 0) RC_FAIL(n.first);
    all.pass += n.pass, all.other += n.other;
  });
  BOOST_TEST(all.other < all.pass);
  BOOST_TEST_MESSAGE(all.pass << " pass, " << all.other << " unresolved");
}

// Nor where functions have kinks, numbers are far from 1, or formulas break.
BOOST_AUTO_TEST_CASE(honest_subjects_are_not_accused_at_edges) {
  int passed = 0;
  for (const op& o : all_ops()) {
    const op blind = without_reference(o);
    knowing_subject s(o);
    for (const dtype t : {dtype::f64, dtype::f32})
      for (const auto& [p, cases] : {std::pair(profile::kink, 8), std::pair(profile::special, 7)})
        for (int n = 0; n < cases; ++n) {
          const sample x = draw_sample(blind, t, 1, static_cast<std::uint64_t>(n), no_limit, 0, p);
          if (o.gradient_is_convention != nullptr && o.gradient_is_convention(x.attrs)) continue;
          const verdicts v = judge_blindly(blind, s, x);
          BOOST_TEST(v.fail == 0, o.info.name << " " << name_of(t) << " " << case_name(p, x.number) << ": " << v.first);
          passed += v.pass;
        }
  }
  BOOST_TEST(passed > 0);
}

// Over nine samples in f64, on whose points the function is smooth and the true gradient not zero.
BOOST_AUTO_TEST_CASE(wrong_gradients_are_caught) {
  for (const auto wrong : {a_sixteenth_too_large, the_last_gradient_negative, no_gradient})
    for (const op& o : all_ops()) {
      if (o.info.zero_gradient) continue;
      const op blind = without_reference(o);
      knowing_subject s(o, order::forward, wrong);
      int caught = 0;
      for (std::uint64_t n = 0; n < 9; ++n)
        caught += judge_blindly(blind, s, draw_informative_sample(o, dtype::f64, 1, n)).fail;
      BOOST_TEST(caught > 0, o.info.name << " with a wrong VJP passes");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
