// At a kink, every element of the subdifferential passes, and what lies outside fails.
//
// The answers are made from what the op says about its kinks: any slope of each interval, any weights of each tie that
// are not negative and add up to one. Stored in the sample's format, each element is rounded once per kink it takes
// part in, which the bound at kinks allows for.
#include <fmt/format.h>

#include <set>

#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(any_subgradient_is_right)

namespace {

class prepared : public subject {
 public:
  explicit prepared(reply r) : reply_(std::move(r)) {}
  std::string name() const override { return "prepared"; }
  std::string version() const override { return "0"; }
  offer offers(const op&, dtype) const override { return {.forward = true, .vjp = true, .jvp = false, .why_not = ""}; }
  reply run(mode, const op&, const sample&) override { return reply_; }

 private:
  reply reply_;
};

// The gradient with other choices at its kinks than the reference's: `total` is what the weights of each tie add up to,
// and slopes are taken `beyond` their interval by so much of its length.
reply chosen(const oracle& truth, draw& random, const real& total, const real& beyond) {
  value_list<real> d = truth.gradient();
  for (const subdifferential::slope& s : truth.kinks().intervals()) {
    if (!isfinite(s.low) || !isfinite(s.high)) continue;
    const real length = s.high - s.low, at = s.low + length * real(random.uniform());
    d[s.p.input][s.p.at] += ((beyond > real(0) ? s.high + beyond * length : at) - s.chosen) * s.g;
  }
  for (const subdifferential::tie& t : truth.kinks().ties()) {
    std::vector<real> weights;
    real sum;
    const bool winner_takes_all = random.chance(0.3);
    for (std::size_t k = 0; k < t.tied.size(); ++k)
      sum += weights.emplace_back(winner_takes_all ? 0 : random.uniform());
    if (winner_takes_all)
      sum += weights[static_cast<std::size_t>(random.below(static_cast<index_t>(t.tied.size())))] = 1;
    for (std::size_t k = 0; k < t.tied.size(); ++k)
      d[t.tied[k].input][t.tied[k].at] +=
          real(t.tied[k].sign) * (total * weights[k] / sum - real(1) / real(static_cast<int>(t.tied.size()))) * t.g;
  }
  for (const subdifferential::norm_ball& b : truth.kinks().balls()) {
    // |w_i| <= 1/n suffices for every norm; a single +-1 is at the ball's rim.
    const bool single = random.chance(0.5) || beyond > real(0);
    const auto n = static_cast<index_t>(b.elements.size()), alone = random.below(n);
    for (index_t k = 0; k < n; ++k) {
      const position& p = b.elements[static_cast<std::size_t>(k)];
      const double w = single ? (k == alone ? 1 : 0) : random.uniform(-1, 1) / static_cast<double>(n);
      d[p.input][p.at] += (real(w) + (k == alone ? beyond : real(0))) * b.g;
    }
  }
  reply r;
  for (const values<real>& x : d) {
    r.tensors.emplace_back();
    if (!x.present()) continue;
    r.tensors.back() = tensor(truth.on().type, x.dims());
    for (index_t i = 0; i < x.size(); ++i) r.tensors.back()->set(i, round_to(format_of(truth.on().type), x[i]));
  }
  return r;
}

// property(oracle, choices) at the kinks of every op that has some.
template <class Property>
void at_kinks(int times, Property property) {
  for (const op& o : all_ops()) {
    if (o.kinks == nullptr) continue;
    holds(std::string(o.info.name), times, [&] {
      question q = *any_question(o);
      q.made_for = profile::kink;
      const sample x = q.draw();
      const oracle truth(o, x, reference_subject()->accumulator(q.type));
      if (truth.kinks().empty()) return;  // kinks of computed numbers cannot be sought
      draw random(q.seed, "choices", q.number);
      property(truth, random);
    });
  }
}

finding judged(const oracle& truth, reply r) {
  prepared s(std::move(r));
  return judge(truth.of(), *find_check("reference_gradient"), s, truth.on());
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_slope_and_every_way_to_share_passes) {
  at_kinks(100, [](const oracle& truth, draw& random) {
    const finding f = judged(truth, chosen(truth, random, 1, 0));
    if (f.outcome != verdict::pass && f.outcome != verdict::unresolved)
      RC_FAIL(fmt::format("{}: {}", name_of(f.kind), f.reason));
  });
}

// Half of an interval's length beyond it, or twice the cotangent for once, is seen unless rounding hides it: where
// other contributions to the element are much larger, or where several kinks share an element. (What lies beyond a ball
// is tried by hand, in tests/unit/tolerance.cpp.)
bool stands_out(const oracle& truth) {
  const format& f = format_of(truth.on().type);
  std::set<std::pair<std::size_t, index_t>> met;
  bool alone = truth.kinks().balls().empty(), room = !truth.kinks().ties().empty();
  for (const subdifferential::slope& s : truth.kinks().intervals()) {
    alone = alone && met.insert({s.p.input, s.p.at}).second && isfinite(s.low) && isfinite(s.high);
    const real beyond = real(0.5) * (s.high - s.low) * abs(s.g);
    const real size = abs(truth.gradient()[s.p.input][s.p.at]) + (abs(s.low) + abs(s.high)) * abs(s.g);
    const precision p{truth.on().type, reference_subject()->accumulator(truth.on().type)};
    const double bound = bound_of(truth.bounded_gradient()[s.p.input][s.p.at], p);
    const bool seen = beyond > real(64 * f.unit()) * size + real(4 * f.tiny() + 2 * bound);
    alone = alone && (seen || s.low == s.high);
    room = room || seen;
  }
  for (const subdifferential::tie& t : truth.kinks().ties())
    for (const position& p : t.tied)
      alone = alone && met.insert({p.input, p.at}).second &&
              abs(truth.gradient()[p.input][p.at]) <= real(2) * abs(t.g) && abs(t.g) > real(f.smallest());
  return alone && room;
}

BOOST_AUTO_TEST_CASE(slopes_beyond_their_interval_and_shares_that_do_not_add_up_fail) {
  int judged_at_all = 0;
  at_kinks(100, [&](const oracle& truth, draw& random) {
    if (!stands_out(truth)) return;
    ++judged_at_all;
    const finding f = judged(truth, chosen(truth, random, 2, 0.5));
    // Computing in 16 bits throughout may lose as much as that: such a subject is called inaccurate, and not right.
    const bool excused = f.outcome == verdict::inaccurate && f.variant.find("throughout") != std::string::npos;
    if (!excused && (f.outcome != verdict::fail || f.kind != failure_kind::subgradient))
      RC_FAIL(fmt::format("{} {} {}: {}", name_of(f.outcome), name_of(f.kind), f.variant, f.reason));
  });
  BOOST_TEST(judged_at_all > 300);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
