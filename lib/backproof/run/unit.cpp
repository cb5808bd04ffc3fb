#include "backproof/run/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <new>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/run/counterexample.hpp"
#include "backproof/run/coverage.hpp"
#include "backproof/run/describe.hpp"
#include "backproof/run/judging.hpp"
#include "backproof/run/shrink.hpp"

namespace backproof {
namespace {

class unit_runner {
 public:
  unit_runner(const plan& p, const unit& u, subject& s) : plan_(p), of_(u), subject_(s) {}

  // Whatever the unit comes to, its records up to there are kept.
  judged_unit run() {
    unit_result& whole = unit_.whole;
    whole.op = of_.o->wire_name(), whole.domain = of_.o->domain();
    whole.subject = subject_.name(), whole.dtype = name_of(of_.type);
    try {
      judge_all();
    } catch (const invalid_input& e) {
      // The subject wrote the signature of an op of its own; the ops of the reference draw only what they can evaluate.
      broken_off(e.what(), of_.o->has_reference());
    } catch (const std::bad_alloc&) {
      broken_off("there is not memory enough", false);
    } catch (const adapter_error&) {
      throw;
    } catch (const std::exception& e) {
      broken_off(e.what(), true);
    }
    if (stopped()) whole.cut_short = true, whole.outcome = coverage_.gravest(), whole.reason.clear();
    return std::move(unit_);
  }

 private:
  void broken_off(const std::string& why, bool internal) {
    unit_.whole.outcome = verdict::error;
    unit_.whole.reason = internal ? "internal error of backproof: " + why : why;
    unit_.whole.internal = internal;
  }

  void judge_all() {
    if (const offer o = subject_.offers(*of_.o, of_.type); !o.any()) {
      unit_.whole.outcome = verdict::skip;
      unit_.whole.reason = o.why_not;
      return;
    }
    run(profile::smooth, plan_.samples);
    if (draws(*of_.o, of_.type, profile::kink)) run(profile::kink, (plan_.samples + 3) / 4);
    run(profile::special, special_cases);
    if (plan_.exhaustive && draws(*of_.o, of_.type, profile::exhaustive)) run(profile::exhaustive, exhaustive_cases);
    for (const check* c : plan_.checks)
      if (const auto f = gravest_.find(c); f != gravest_.end())
        tell_unless_stopped(unit_.cases[f->second.at], *c, f->second.x);
    coverage_.conclude(unit_.whole);
    if (unit_.cases.empty() && !inside().everything())
      unit_.whole.outcome = verdict::vacuous, unit_.whole.reason = "no sample was found inside of what it takes";
  }

  void run(profile p, std::uint64_t cases) {
    std::vector<const check*> checks;
    std::copy_if(plan_.checks.begin(), plan_.checks.end(), std::back_inserter(checks),
                 [&](const check* c) { return c->suits(*of_.o, p) && c->suits(subject_); });
    if (checks.empty()) return;
    for (std::uint64_t n = 0; n < cases; ++n) {
      if (stopped() || hangs()) break;
      const auto drawn = draw_informative_sample(*of_.o, of_.type, plan_.seed, n, p, inside());
      if (!drawn) continue;  // the subject takes none such
      const sample& x = *drawn;
      const oracle truth(*of_.o, x, subject_.accumulator(of_.type));
      trial t(truth, subject_, {of_.type, subject_.accumulator(of_.type)});
      for (const check* c : checks) {
        result r = judged(*c, t, x);
        if (stopped()) return;  // perhaps in the middle of a call: what came of it says nothing about the subject
        if (r.found.outcome == verdict::fail) remember(*c, {unit_.cases.size(), r.found.severity, x});
        coverage_.add(*c, r.found, t);
        unit_.cases.push_back(std::move(r));
      }
      coverage_.sample_done(t);
    }
  }

  const scope& inside() const { return subject_.scope_of(*of_.o, of_.type); }
  bool stopped() const { return plan_.stop != nullptr && *plan_.stop; }

  // Each answer that does not come costs a whole deadline; after a few it is known that none will.
  bool hangs() const {
    constexpr int enough = 3;
    const auto none_came = [](const result& r) { return r.found.outcome == verdict::timeout; };
    return std::count_if(unit_.cases.begin(), unit_.cases.end(), none_came) >= enough;
  }

  result judged(const check& c, trial& t, const sample& x) {
    result r = blank(*of_.o, subject_, c, x);
    r.found = judge(c, t);
    if (is_trouble(r.found.outcome)) describe(r, x, "");
    return r;
  }

  // Of the failures of a check the gravest is worth shrinking, and the first of equal ones; the others are the same bug
  // most times.
  struct failure {
    std::size_t at;  // in the list of results
    double severity;
    sample x;
  };
  void remember(const check& c, failure f) {
    const auto known = gravest_.find(&c);
    if (known == gravest_.end() || f.severity > known->second.severity) gravest_.insert_or_assign(&c, std::move(f));
  }

  void describe(result& r, const sample& x, const std::string& file) const {
    describe_sample(r, *of_.o, x);
    r.replay = file.empty() ? replay_of(r, x) : replay_command(plan_.program, file, plan_.adapter_argument);
  }

  std::string replay_of(const result& r, const sample& x) const {
    return replay_command(plan_.program, token_of({r.op, r.check, plan_.adapter_argument, x}), plan_.adapter_argument);
  }

  // A failure that was found before is told in any case, though not shrunk: with the sample as it was drawn.
  void tell_unless_stopped(result& r, const check& c, const sample& x) {
    result told = r;
    if (!stopped()) tell(told, c, x);
    if (!stopped()) r = std::move(told);
    r.told = true;
  }

  void tell(result& r, const check& c, const sample& x) {
    const failure_kind kind = r.found.kind;
    const double least = r.found.severity / 2;  // what is left of the sample must not look like noise
    const auto as_severe = [&](const sample& s) {
      const finding f = judge(*of_.o, c, subject_, s);
      return !stopped() && f.outcome == verdict::fail && f.kind == kind && f.severity >= least;
    };
    const sample small = hangs() ? x : shrink(*of_.o, x, as_severe, inside());
    if (shapes_of(*of_.o, small) != shapes_of(*of_.o, x)) r.shrunk_from = shapes_of(*of_.o, x);
    const oracle truth(*of_.o, small, subject_.accumulator(of_.type));
    trial t(truth, subject_, {of_.type, subject_.accumulator(of_.type)});
    r.found = judge(c, t);
    if (stopped()) return;
    if (!plan_.counterexamples.empty()) store(r, small, t);
    r.told = true;
    describe(r, small, r.file);
    // The sample as drawn tells more bugs apart than what is left of it.
    if (plan_.diagnose) r.hint = plan_.diagnose(*of_.o, c, x, subject_);
    if (r.file.empty()) r.replay = replay_of(r, x);  // a token can only draw a sample as it was before shrinking
  }

  void store(result& r, const sample& x, trial& t) const {
    namespace fs = std::filesystem;
    const fs::path folder = plan_.counterexamples;
    const std::string file =
        (folder / fmt::format("{}-{}-{}.safetensors", of_.o->info.name, name_of(of_.type), r.check)).string();
    try {
      fs::create_directories(folder);
      write_file(file, to_file({r.op, r.check, plan_.adapter_argument, x}, t));
      r.file = file;
    } catch (const file_error& e) {
      r.not_stored = e.what();
    } catch (const fs::filesystem_error& e) {
      r.not_stored = fmt::format("cannot make the folder {}: {}", folder.string(), e.code().message());
    }
  }

  const plan& plan_;
  const unit& of_;
  subject& subject_;
  judged_unit unit_;
  coverage coverage_;
  std::map<const check*, failure> gravest_;
};

}  // namespace

std::string unit::name() const { return fmt::format("{}/{}", o->wire_name(), name_of(type)); }

judged_unit judge_unit(const plan& p, const unit& u, subject& s) { return unit_runner(p, u, s).run(); }

}  // namespace backproof
