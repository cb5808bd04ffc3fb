// No element can hide: displace any one element of an honest answer by eight times its bound and a unit in the last
// place, and the verdict is `fail`, or `inaccurate` where a named lossy formula would explain that much. The bound
// itself is what may be taken away by the honest answer's own error, so seven of the eight remain.
#include <cmath>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(single_wrong_element_is_caught)

namespace {

// The next number of the format away from x, in the direction given.
double next(const format& f, double x, double direction) {
  const int exponent = x == 0 ? f.min_exponent : std::max(std::ilogb(x), f.min_exponent);
  return round_to(f, x + direction * std::ldexp(1.0, exponent - f.precision + 1));
}

// One element of the k-th answer is replaced.
class one_wrong_element : public subject {
 public:
  one_wrong_element(std::size_t tensor, index_t at, double value) : tensor_(tensor), at_(at), value_(value) {}
  std::string name() const override { return "one wrong element"; }
  std::string version() const override { return "0"; }
  offer offers(const op&, dtype) const override { return {.forward = true, .vjp = true, .jvp = false, .why_not = ""}; }
  reply run(mode m, const op& o, const sample& s) override {
    reply r = honest_->run(m, o, s);
    r.tensors[tensor_]->set(at_, value_);
    return r;
  }

 private:
  std::size_t tensor_;
  index_t at_;
  double value_;
  std::unique_ptr<subject> honest_ = reference_subject();
};

// Whether the displacement could be tried: infinite bounds allow anything, and what would overflow is no number.
bool caught(const question& q, const char* check_name, const value_list<bounded<real>>& expected, const precision& p,
            const sample& x) {
  std::vector<std::size_t> candidates;
  for (std::size_t k = 0; k < expected.size(); ++k)
    if (expected[k].present() && expected[k].size() > 0) candidates.push_back(k);
  RC_PRE(!candidates.empty());
  const std::size_t k = candidates[*rc::gen::inRange<std::size_t>(0, candidates.size())];
  const index_t i = *rc::gen::inRange<index_t>(0, expected[k].size());
  const double direction = *rc::gen::element(-1.0, 1.0);

  const format& f = format_of(q.type);
  const double bound = bound_of(expected[k][i], p);
  if (!std::isfinite(bound)) return false;
  const double wrong = next(f, round_to(f, expected[k][i].value() + real(direction * 8 * bound)), direction);
  if (!std::isfinite(wrong)) return false;
  one_wrong_element s(k, i, wrong);
  const finding found = judge(*q.o, *find_check(check_name), s, x);
  if (found.outcome != verdict::fail && found.outcome != verdict::inaccurate)
    RC_FAIL(std::string(name_of(found.outcome)) + " although element " + std::to_string(i) + " of result " +
            std::to_string(k) + " is " + std::to_string(wrong) + " instead of " + expected[k][i].value().decimal(20));
  return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(in_any_gradient) {
  int tried = 0, skipped = 0;
  holds_for_every_op(200, [&](const question& q) {
    const sample x = q.draw();
    const format accumulator = reference_subject()->accumulator(q.type);
    const oracle truth(*q.o, x, accumulator);
    if (!truth.kinks().empty()) return;
    bool zero = true;  // then the verdict is `vacuous`, whatever the subject says
    for (const values<real>& d : truth.gradient())
      for (index_t i = 0; i < d.size(); ++i) zero = zero && d[i] == real(0);
    if (zero) return;
    const bool was_tried = caught(q, "reference_gradient", truth.bounded_gradient(), {q.type, accumulator}, x);
    ++(was_tried ? tried : skipped);
  });
  BOOST_TEST(skipped < tried / 5);
}

BOOST_AUTO_TEST_CASE(in_any_output) {
  int tried = 0, skipped = 0;
  holds_for_every_op(100, [&](const question& q) {
    const sample x = q.draw();
    const format accumulator = reference_subject()->accumulator(q.type);
    const oracle truth(*q.o, x, accumulator);
    const bool was_tried = caught(q, "reference_value", truth.bounded_output(), {q.type, accumulator}, x);
    ++(was_tried ? tried : skipped);
  });
  BOOST_TEST(skipped < tried / 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
