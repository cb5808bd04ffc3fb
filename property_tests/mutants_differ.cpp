// The mutants are what they say: each differs from the right gradient, beyond the bound, in every op that it is planted
// in; and those that are left out as equivalent are equal in every sample of a check.
//
// Differing is not being caught: the answer is compared with the oracle's numbers and bounds alone, in the call
// condition that the mutant is about, and twice in a row for what is kept from one question to the next.
#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "backproof/base/inventory.hpp"
#include "backproof/judge/agreement.hpp"
#include "backproof/judge/informative_sample.hpp"
#include "backproof/mutation/kill_matrix.hpp"
#include "backproof/mutation/registry.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(mutants_differ)

namespace {

// The samples of a check of one op, drawn when they are asked for, and kept.
class samples_of {
 public:
  using cases = std::vector<std::pair<profile, std::uint64_t>>;
  explicit samples_of(const op& o) : op_(o) {}

  // Smooth, special and at kinks; the last one has a cotangent of zeros, as the check vjp_linearity asks for.
  cases all(std::uint64_t smooth) const {
    cases list;
    for (std::uint64_t n = 0; n < smooth; ++n) list.emplace_back(profile::smooth, n);
    for (std::uint64_t n = 0; n < special_cases; ++n) list.emplace_back(profile::special, n);
    for (std::uint64_t n = 0; op_.kinks != nullptr && n < 13; ++n) list.emplace_back(profile::kink, n);
    list.emplace_back(profile::smooth, without_cotangent);
    return list;
  }
  const sample& drawn(dtype t, profile p, std::uint64_t n) {
    const auto [at, is_new] = kept_.try_emplace({t, p, n});
    if (is_new) {
      at->second = draw_informative_sample(op_, t, 1, n == without_cotangent ? 0 : n, p);
      for (tensor& v : at->second.cotangents)
        for (index_t i = 0; n == without_cotangent && i < v.count(); ++i) v.set(i, 0);
    }
    return at->second;
  }

 private:
  static constexpr std::uint64_t without_cotangent = 1000;
  const op& op_;
  std::map<std::tuple<dtype, profile, std::uint64_t>, sample> kept_;
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Whether one of two answers in a row is farther from the honest one than two right answers may be apart.
bool differs(const mutant& m, const op& o, const sample& x, call_condition c) {
  std::optional<sample> put = prepared(x, c);
  if (!put) return false;
  put->under = c;
  const std::unique_ptr<subject> honest = honest_subject(), wrong = mutated_subject(m);
  const precision p{x.type, honest->accumulator(x.type)};
  const oracle truth(o, *put, p.accumulator);
  for (const mode how : {mode::vjp, mode::forward}) {
    const reply right = honest->run(how, o, *put);
    sample other = *put;  // what may be kept of an earlier question of the same shapes
    for (tensor& v : other.cotangents)
      for (index_t i = 0; i < v.count(); ++i) v.set(i, i % 2 == 0 ? 1 : -2);
    wrong->run(how, o, other);
    const auto& bounds = how == mode::vjp ? truth.bounded_gradient() : truth.bounded_output();
    for (int call = 0; call < 3; ++call) {
      const reply r = wrong->run(how, o, *put);
      if (r.changed != right.changed || r.tensors.size() != right.tensors.size()) return true;
      for (std::size_t k = 0; k < r.tensors.size(); ++k) {
        if (r.tensors[k].has_value() != right.tensors[k].has_value()) return true;
        if (r.tensors[k] && r.tensors[k]->dims() != right.tensors[k]->dims()) return true;
        for (index_t i = 0; r.tensors[k] && i < r.tensors[k]->count(); ++i) {
          const double a = r.tensors[k]->at(i), b = right.tensors[k]->at(i);
          const double bound = k < bounds.size() && i < bounds[k].size() ? bound_of(bounds[k][i], p) : 0;
          if (k < bounds.size() && i < bounds[k].size() && isnan(bounds[k][i].value())) continue;  // any is as good
          const bool at_edge = how == mode::vjp && o.unary && i < put->inputs[0]->count() && put->inputs[0]->at(i) == 0;
          if (at_edge && std::isinf(a) && a == -b) continue;  // an infinite slope at -0 has either sign
          // A plain answer is held against the truth, any other against the honest one.
          const bool plain =
              c == call_condition::plain && k < bounds.size() && i < bounds[k].size() && std::isfinite(b);
          const double off = plain ? magnitude(real(a) - bounds[k][i].value()) : std::fabs(a - b);
          if (!same(a, b) && !(off <= (plain ? bound : 2 * bound))) return true;
        }
      }
    }
  }
  return false;
}

// A convention that is declared and not kept is wrong though each of its numbers is right.
bool breaks_its_word(const mutant& m) { return !m.declares.empty(); }

bool shown_to_differ(const mutant& m, const op& o, samples_of& list) {
  if (breaks_its_word(m)) return true;
  if (m.witness) return differs(m, o, m.witness(o), call_condition::plain);
  for (const dtype t : m.dtypes)
    for (const auto& [p, n] : list.all(49))
      for (const call_condition c : all_call_conditions)
        if ((c == call_condition::plain || m.depends_on_condition) && differs(m, o, list.drawn(t, p, n), c))
          return true;
  return false;
}

// All of them; under sanitizers, which look at how and not at how often, one of sixteen.
std::vector<const op*> ops_looked_at() {
  std::vector<const op*> list;
  for (std::size_t k = 0; k < all_ops().size(); k += std::size_t{patience} * patience) list.push_back(&all_ops()[k]);
  return list;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_mutant_differs_beyond_the_bound_in_every_op_that_it_is_planted_in) {
  for (const op* o : ops_looked_at()) {
    samples_of list(*o);
    for (const mutant* m : all_mutants())
      if (m->suits(*o) && !shown_to_differ(*m, *o, list))
        BOOST_ERROR(m->name << " differs nowhere in " << o->info.name);
  }
}

BOOST_AUTO_TEST_CASE(an_equivalent_mutant_is_equal_everywhere) {
  for (const op* one : ops_looked_at()) {
    const op& o = *one;
    samples_of list(o);
    for (const mutant* m : all_mutants()) {
      if (m->equivalent == nullptr || m->equivalent(o).empty()) continue;
      mutant planted = *m;  // as if there were no proof
      planted.equivalent = nullptr;
      if (!planted.suits(o)) continue;
      for (const dtype t : m->dtypes)
        for (const auto& [p, n] : list.all(7))
          for (const call_condition c : all_call_conditions)
            // At a kink answers differ that are right alike.
            if ((c == call_condition::plain || m->depends_on_condition) &&
                differs(planted, o, list.drawn(t, p, n), c) &&
                oracle(o, list.drawn(t, p, n), format_of(t)).kinks().empty())
              BOOST_ERROR(m->name << " differs in " << o.info.name << "/" << name_of(t) << ", case " << case_name(p, n)
                                  << ", " << name_of(c));
    }
  }
}

// What samples do not show is no blind spot of the comparison: put before it, it does not pass. (Of thousands of ties
// in a 16-bit type no more can be said than that nothing is proved.)
BOOST_AUTO_TEST_CASE(what_is_out_of_reach_does_not_pass_where_it_shows) {
  for (const mutant* m : all_mutants())
    for (const op& o : all_ops())
      if (m->witness && m->suits(o)) {
        const sample x = m->witness(o);
        const verdict v = judge(o, *find_check("reference_gradient"), *mutated_subject(*m), x).outcome;
        BOOST_TEST((v != verdict::pass), m->name << " in " << o.info.name << ": " << name_of(v));
        const verdict honest = judge(o, *find_check("reference_gradient"), *honest_subject(), x).outcome;
        BOOST_TEST((honest != verdict::fail), m->name << ", honest: " << name_of(honest));
      }
}

BOOST_AUTO_TEST_CASE(mutants_are_described) {
  std::set<std::string_view> names, entries;
  for (const mutant* m : all_mutants()) {
    BOOST_TEST_CONTEXT(m->name) {
      BOOST_TEST(names.insert(m->name).second);
      BOOST_TEST((std::find(bug_classes.begin(), bug_classes.end(), m->bug_class) != bug_classes.end()));
      BOOST_TEST((!m->summary.empty() && !m->where.empty() && m->wrong));
      BOOST_TEST(m->real() == !m->cites.empty());
      BOOST_TEST((m->out_of_reach.empty() == !m->witness || m->depends_on_condition));
      if (m->real()) BOOST_TEST(entries.insert(m->entry).second);
      if (m->ops != "*")
        BOOST_TEST(
            std::any_of(all_ops().begin(), all_ops().end(), [&](const op& o) { return among(o.info.name, m->ops); }));
    }
  }
}

// The corpus has 96 bugs that a library of layers may have. None of them is dropped silently.
BOOST_AUTO_TEST_CASE(every_bug_of_the_corpus_is_planted_or_said_to_be_not) {
  std::set<std::string_view> entries;
  for (const family& f : all_families()) {
    for (const mutant& m : f.mutants)
      if (m.real()) entries.insert(m.entry);
    for (const not_planted& n : f.left_out) {
      BOOST_TEST((!n.cites.empty() && !n.what.empty() && !n.why.empty()));
      BOOST_TEST(entries.insert(n.entry).second);
    }
  }
  BOOST_TEST(entries.size() == 96U);
}

BOOST_AUTO_TEST_CASE(every_family_file_is_registered_once_and_nothing_else_is) {
  std::vector<std::string_view> files = mutant_files(), names;
  std::sort(files.begin(), files.end());
  for (const family& f : all_families()) names.push_back(f.info.name);
  BOOST_TEST(names == files, boost::test_tools::per_element());
}

// The matrix, short but complete: each mutant in each op until something catches it.
BOOST_AUTO_TEST_CASE(the_checks_catch_every_mutant_that_they_can_reach) {
  const kill_matrix_plan p{.mutants = all_mutants(),
                           .ops = ops_looked_at(),
                           .samples = 49,
                           .seed = 1,
                           .jobs = 2,
                           .diagnose = false,
                           .first = true};
  const kill_matrix x = run_kill_matrix(p);
  for (const encounter& e : x.met)
    if (!e.caught() && e.m->out_of_reach.empty()) BOOST_ERROR(e.m->name << " is missed in " << e.o->info.name);
  for (const control& c : x.controls)
    for (const std::string& alarm : c.alarms) BOOST_ERROR("false alarm: " << alarm);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
