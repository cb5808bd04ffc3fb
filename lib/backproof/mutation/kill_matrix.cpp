#include "backproof/mutation/kill_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/mutation/diagnosis.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"

namespace backproof {
namespace {

bool loses_digits(const mutant& m) { return m.bug_class == "cancel" || m.bug_class == "low-precision"; }

// One mutant while its op is at work.
struct suspect {
  encounter met;
  std::unique_ptr<subject> s;
  std::uint64_t samples = 0;
};

class op_runner {
 public:
  op_runner(const kill_matrix_plan& p, const std::vector<const check*>& checks, const op& o)
      : plan_(p), checks_(checks), op_(o), control_{.o = &o, .judged = 0, .alarms = {}} {
    for (const mutant* m : p.mutants)
      if (m->suits(o)) {
        suspects_.push_back({});
        suspects_.back().met.m = m;
        suspects_.back().met.o = &o;
        suspects_.back().s = mutated_subject(*m, order::pairwise);
      }
  }

  void run() {
    for (const dtype t : {dtype::f64, dtype::f32, dtype::bf16, dtype::f16}) {
      run(t, profile::smooth, plan_.samples);
      if (draws(op_, t, profile::kink)) run(t, profile::kink, (plan_.samples + 3) / 4);
      run(t, profile::special, special_cases);
    }
  }

  std::vector<suspect> suspects_;
  const backproof::control& its_control() const { return control_; }

 private:
  bool wanted(const suspect& s, dtype t) const {
    const std::vector<dtype>& all = s.met.m->dtypes;
    if (std::find(all.begin(), all.end(), t) == all.end()) return false;
    return !(plan_.first && s.met.caught()) && s.met.killed.size() < checks_.size();
  }

  void run(dtype t, profile p, std::uint64_t cases) {
    const auto any = [&] {
      return std::any_of(suspects_.begin(), suspects_.end(), [&](const suspect& s) { return wanted(s, t); });
    };
    for (std::uint64_t n = 0; n < cases && any(); ++n) {
      const sample x = draw_informative_sample(op_, t, plan_.seed, n, p);
      const oracle truth(op_, x, honest_->accumulator(t));
      for (suspect& s : suspects_)
        if (wanted(s, t)) put(s, truth, x);
      put_control(truth, x);
    }
  }

  void put(suspect& s, const oracle& truth, const sample& x) {
    ++s.samples;
    trial t(truth, *s.s, {x.type, s.s->accumulator(x.type)});
    for (const check* c : checks_) {
      if (s.met.killed.contains(c) || !c->suits(op_, x.made_for) || !c->suits(*s.s)) continue;
      const finding f = judged(*c, t, s.s->name());
      if (f.outcome == verdict::inaccurate) s.met.graded.emplace(c, s.samples);
      if (f.outcome != verdict::fail && f.outcome != verdict::inaccurate) continue;
      if (plan_.diagnose && s.met.diagnosis.empty() && (f.outcome == verdict::fail || loses_digits(*s.met.m)))
        tell(s, *c, x);
      if (f.outcome == verdict::fail) s.met.killed.emplace(c, s.samples);
      if (plan_.first && s.met.caught()) return;
    }
  }

  // A mutant that throws is a mistake of the mutant's.
  static finding judged(const check& c, trial& t, const std::string& who) {
    try {
      return judge(c, t);
    } catch (const std::exception& e) {
      throw error(fmt::format("{} in {}/{}, check {}, case {}: {}", who, t.truth().of().wire_name(),
                              name_of(t.truth().on().type), c.info.name,
                              case_name(t.truth().on().made_for, t.truth().on().number), e.what()));
    }
  }

  void tell(suspect& s, const check& c, const sample& x) const {
    const std::vector<const mutant*> found = matching_mutants(op_, c, x, *s.s);
    s.met.diagnosis = found.empty() ? "none" : found.front()->bug_class;
    s.met.named = std::find(found.begin(), found.end(), s.met.m) != found.end();
  }

  void put_control(const oracle& truth, const sample& x) {
    trial t(truth, *honest_, {x.type, honest_->accumulator(x.type)});
    for (const check* c : checks_) {
      if (!c->suits(op_, x.made_for)) continue;
      const finding f = judged(*c, t, "the honest implementation");
      ++control_.judged;
      if (f.outcome == verdict::fail)
        control_.alarms.push_back(fmt::format("{}/{}/{}/{}: {}", op_.wire_name(), name_of(x.type), c->info.name,
                                              case_name(x.made_for, x.number), f.reason));
    }
  }

  const kill_matrix_plan& plan_;
  const std::vector<const check*>& checks_;
  const op& op_;
  std::unique_ptr<subject> honest_ = honest_subject(order::pairwise);
  backproof::control control_;
};

}  // namespace

bool encounter::caught() const { return !killed.empty() || (loses_digits(*m) && !graded.empty()); }

std::uint64_t encounter::after() const {
  std::uint64_t first = 0;
  for (const auto& [c, n] : killed.empty() ? graded : killed) first = first == 0 ? n : std::min(first, n);
  return first;
}

bool kill_matrix::all_caught() const {
  return std::all_of(met.begin(), met.end(),
                     [](const encounter& e) { return e.caught() || !e.m->out_of_reach.empty(); }) &&
         std::all_of(controls.begin(), controls.end(), [](const control& c) { return c.alarms.empty(); });
}

kill_matrix run_kill_matrix(const kill_matrix_plan& p) {
  kill_matrix result;
  for (const check& c : all_checks())
    if (c.info.judges == check_target::subject && c.info.own_ops != own_op_role::decides) result.checks.push_back(&c);

  std::vector<std::unique_ptr<op_runner>> runners;
  for (const op* o : p.ops) runners.push_back(std::make_unique<op_runner>(p, result.checks, *o));
  std::erase_if(runners, [](const auto& r) { return r->suspects_.empty(); });
  std::atomic<std::size_t> next = 0, done = 0;
  std::mutex speaking;
  std::exception_ptr trouble;
  const auto work = [&] {
    for (std::size_t i = next++; i < runners.size(); i = next++) {
      {
        const std::lock_guard lock(speaking);
        if (trouble) return;
      }
      try {
        runners[i]->run();
      } catch (...) {
        const std::lock_guard lock(speaking);
        if (!trouble) trouble = std::current_exception();
      }
      const std::lock_guard lock(speaking);
      if (p.on_progress) p.on_progress(++done, runners.size(), std::string(runners[i]->its_control().o->wire_name()));
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned j = 1; j < std::max(1u, p.jobs); ++j) workers.emplace_back(work);
    work();
  }
  if (trouble) std::rethrow_exception(trouble);

  for (const mutant* m : p.mutants)
    for (const auto& r : runners)
      for (suspect& s : r->suspects_)
        if (s.met.m == m) result.met.push_back(s.met);
  for (const auto& r : runners) result.controls.push_back(r->its_control());
  for (const mutant* m : p.mutants) {
    mutant unproved = *m;
    unproved.equivalent = nullptr;
    for (const op* o : p.ops) {
      if (m->would_suit(*o) && m->tried(*o) == mutant::attempt::no_effect) result.without_effect.emplace_back(m, o);
      if (!m->would_suit(*o) && unproved.would_suit(*o)) ++result.equivalent;
    }
  }
  return result;
}

}  // namespace backproof
