#include "backproof/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <thread>

#include "backproof/base/hex_text.hpp"
#include "backproof/base/shell.hpp"
#include "backproof/judge/informative_sample.hpp"
#include "backproof/run/counterexample.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/shrink.hpp"

namespace backproof {
namespace {

// One op in one dtype: the unit of work, of sharding and of the time budget.
struct unit {
  const op* o;
  dtype type;
  std::string name() const { return fmt::format("{}/{}", o->wire_name(), name_of(type)); }
};

std::string hex_elements(const tensor& t) {
  std::string text;
  for (index_t i = 0; i < t.count(); ++i) {
    if (i > 0) text += ',';
    text += t.type() == dtype::i64 ? fmt::format("{:.0f}", t.at(i)) : hex_text(t.at(i));
  }
  return "[" + text + "]";
}

// "X f32[2,3] = [0x1p+0,...]"; elements only where a person could still read them.
std::string described(const std::string& name, const tensor& t) {
  constexpr index_t readable = 32;
  std::string text = fmt::format("{} {}{}", name, name_of(t.type()), to_string(t.dims()));
  if (t.count() <= readable) text += " = " + hex_elements(t);
  return text;
}

std::vector<std::string> described(const op& o, const sample& x) {
  std::vector<std::string> lines;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (x.inputs[k]) lines.push_back(described(o.sig.input_name(k), *x.inputs[k]));
  for (std::size_t k = 0; k < x.cotangents.size(); ++k)
    lines.push_back(described("cotangent of " + o.sig.output_name(k), x.cotangents[k]));
  return lines;
}

std::string shapes_of(const op& o, const sample& x) {
  std::string text;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (x.inputs[k])
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", o.sig.input_name(k), to_string(x.inputs[k]->dims()));
  return text;
}

void describe_sample(result& r, const op& o, const sample& x) {
  r.attributes = to_string(x.attrs);
  r.tensors = described(o, x);
}

result blank(const op& o, dtype t, const subject& s, const check* c = nullptr, const std::string& sample = "0") {
  result r;
  r.op = o.wire_name();
  r.domain = o.domain();
  r.subject = s.name();
  r.dtype = name_of(t);
  r.sample = sample;
  if (c != nullptr) r.check = c->info.name, r.claim = c->info.claim;
  return r;
}

bool is_stopped(const plan& p) { return p.stop != nullptr && *p.stop; }

class unit_runner {
 public:
  unit_runner(const plan& p, const unit& u, subject& s) : plan_(p), unit_(u), subject_(s) {}

  // Whatever the unit comes to, its records up to there are kept.
  std::vector<result> run() {
    try {
      judge_all();
    } catch (const invalid_input& e) {
      // The subject wrote the signature of an op of its own; the ops of the reference draw only what they can evaluate.
      broken_off(e.what(), unit_.o->has_reference());
    } catch (const std::bad_alloc&) {
      broken_off("there is not memory enough", false);
    } catch (const adapter_error&) {
      throw;
    } catch (const std::exception& e) {
      broken_off(e.what(), true);
    }
    cut_short_ |= stopped();
    return std::move(all_);
  }

  bool cut_short() const { return cut_short_; }

 private:
  void broken_off(const std::string& why, bool internal) {
    result r = blank(*unit_.o, unit_.type, subject_);
    r.check = "all";
    r.found.outcome = verdict::error;
    r.found.reason = internal ? "internal error of backproof: " + why : why;
    r.internal = internal;
    all_.push_back(std::move(r));
  }

  void judge_all() {
    const offer o = subject_.offers(*unit_.o, unit_.type);
    if (!o.any()) return all_.push_back(not_offered(o.why_not));
    run(profile::smooth, plan_.samples);
    if (unit_.o->kinks != nullptr) run(profile::kink, (plan_.samples + 3) / 4);
    run(profile::special, special_cases);
    if (!stopped() && !unit_.o->has_reference() && undecided()) all_.push_back(nothing_proved());
    if (plan_.exhaustive && unit_.o->unary && bytes_of(unit_.type) == 2) run(profile::exhaustive, exhaustive_cases);
    for (const check* c : plan_.checks)
      if (const auto f = gravest_.find(c); f != gravest_.end())
        tell_unless_stopped(all_[f->second.at], *c, f->second.x);
  }

  void run(profile p, std::uint64_t cases) {
    std::vector<const check*> checks;
    std::copy_if(plan_.checks.begin(), plan_.checks.end(), std::back_inserter(checks),
                 [&](const check* c) { return c->suits(*unit_.o, p) && c->suits(subject_); });
    if (checks.empty()) return;
    for (std::uint64_t n = 0; n < cases; ++n) {
      cut_short_ |= stopped();
      if (cut_short_ || hangs()) break;
      const sample x = draw_informative_sample(*unit_.o, unit_.type, plan_.seed, n, p);
      const oracle truth(*unit_.o, x, subject_.accumulator(unit_.type));
      trial t(truth, subject_, {unit_.type, subject_.accumulator(unit_.type)});
      for (const check* c : checks) {
        result r = judged(*c, t, x);
        if (stopped()) return;  // perhaps in the middle of a call: what came of it says nothing about the subject
        if (r.found.outcome == verdict::fail) remember(*c, {all_.size(), r.found.severity, x});
        all_.push_back(std::move(r));
      }
    }
  }

  bool stopped() const { return is_stopped(plan_); }

  // Each answer that does not come costs a whole deadline; after a few it is known that none will.
  bool hangs() const {
    constexpr int enough = 3;
    return std::count_if(all_.begin(), all_.end(), [](auto& r) { return r.found.outcome == verdict::timeout; }) >=
           enough;
  }

  // Without a reference only differences say whether a VJP is a derivative; if none could be taken, the other checks'
  // passes must not look like a proof.
  bool decisive(const result& r) const {
    return std::any_of(plan_.checks.begin(), plan_.checks.end(), [&](const check* c) {
      return c->info.own_ops == own_op_role::decides && c->info.name == r.check;
    });
  }
  bool undecided() const {
    const auto asked = [&](const result& r) { return decisive(r); };
    return std::any_of(all_.begin(), all_.end(), asked) && std::none_of(all_.begin(), all_.end(), [&](const result& r) {
             return asked(r) && r.found.outcome != verdict::unresolved && r.found.outcome != verdict::skip;
           });
  }

  result nothing_proved() const {
    const auto first = std::find_if(all_.begin(), all_.end(), [&](const result& r) { return decisive(r); });
    result r = *first;
    r.sample = "all";
    r.found.outcome = verdict::vacuous;
    r.found.reason = fmt::format(
        "no sample says whether the VJP is the derivative of the forward function; the first: {}", first->found.reason);
    return r;
  }

  result not_offered(const std::string& why) const {
    result r = blank(*unit_.o, unit_.type, subject_);
    r.check = "all";
    r.found.outcome = verdict::skip;
    r.found.reason = why;
    return r;
  }

  result judged(const check& c, trial& t, const sample& x) {
    result r = blank(*unit_.o, unit_.type, subject_, &c, case_name(x.made_for, x.number));
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

  static bool is_trouble(verdict v) {
    return v == verdict::fail || v == verdict::crash || v == verdict::timeout || v == verdict::error ||
           v == verdict::vacuous;
  }

  void describe(result& r, const sample& x, const std::string& file) const {
    describe_sample(r, *unit_.o, x);
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
      const finding f = judge(*unit_.o, c, subject_, s);
      cut_short_ |= stopped();
      return !cut_short_ && f.outcome == verdict::fail && f.kind == kind && f.severity >= least;
    };
    const sample small = hangs() ? x : shrink(*unit_.o, x, as_severe);
    if (shapes_of(*unit_.o, small) != shapes_of(*unit_.o, x)) r.shrunk_from = shapes_of(*unit_.o, x);
    const oracle truth(*unit_.o, small, subject_.accumulator(unit_.type));
    trial t(truth, subject_, {unit_.type, subject_.accumulator(unit_.type)});
    r.found = judge(c, t);
    if (stopped()) return;
    if (!plan_.counterexamples.empty()) store(r, small, t);
    r.told = true;
    describe(r, small, r.file);
    // The sample as drawn tells more bugs apart than what is left of it.
    if (plan_.diagnose) r.hint = plan_.diagnose(*unit_.o, c, x, subject_);
    if (r.file.empty()) r.replay = replay_of(r, x);  // a token can only draw a sample as it was before shrinking
  }

  void store(result& r, const sample& x, trial& t) const {
    namespace fs = std::filesystem;
    const fs::path folder = plan_.counterexamples;
    const std::string file =
        (folder / fmt::format("{}-{}-{}.safetensors", unit_.o->info.name, name_of(unit_.type), r.check)).string();
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
  const unit& unit_;
  subject& subject_;
  std::vector<result> all_;
  bool cut_short_ = false;
  std::map<const check*, failure> gravest_;
};

std::vector<unit> units_of(const plan& p) {
  std::vector<unit> units;
  for (const op* o : p.ops)
    for (const dtype t : p.dtypes) {
      const unit u{o, t};
      if (hash_of(u.name()) % p.shards + 1 == p.shard) units.push_back(u);
    }
  return units;
}

bool executed(const result& r) { return r.found.outcome != verdict::skip; }

// Work is handed out unit by unit; results are passed on in order, each as soon as all before it are in.
class runner {
 public:
  runner(const plan& p, const subject_factory& make, const listener& to)
      : plan_(p), make_(make), to_(to), units_(units_of(p)), done_(units_.size()), start_(clock::now()) {
    total_.ops_selected = p.ops.size();
    take_up(p.earlier);
  }

  summary run() {
    const std::size_t jobs = std::clamp<std::size_t>(plan_.jobs, 1, std::max<std::size_t>(units_.size(), 1));
    pass_on_what_is_in();  // of an earlier run
    {
      std::vector<std::jthread> workers;
      for (std::size_t j = 1; j < jobs; ++j) workers.emplace_back([this] { work(); });
      work();
    }
    if (trouble_) std::rethrow_exception(trouble_);
    total_.ops_executed = executed_.size();
    total_.interrupted = stopped();
    return total_;
  }

 private:
  using clock = std::chrono::steady_clock;

  struct batch {
    std::vector<result> results;
    bool ran = false, cut_short = false;
  };

  bool stopped() const { return is_stopped(plan_); }
  bool out_of_time() const {
    return plan_.budget_seconds > 0 &&
           std::chrono::duration<double>(clock::now() - start_).count() > plan_.budget_seconds;
  }

  void work() try {
    std::unique_ptr<subject> s;
    for (std::size_t i = next_++; i < units_.size() && !stopped(); i = next_++) {
      {
        const std::lock_guard lock(mutex_);
        if (trouble_) return;
      }
      if (out_of_time()) {
        deliver(i, {});
        continue;
      }
      if (!s) s = make_();
      unit_runner u(plan_, units_[i], *s);
      batch b{.results = u.run(), .ran = true};
      b.cut_short = u.cut_short();
      deliver(i, std::move(b));
    }
  } catch (const adapter_error&) {
    const std::lock_guard lock(mutex_);
    if (!trouble_ && !stopped()) trouble_ = std::current_exception();  // when stopped, no adapter starts any more
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!trouble_) trouble_ = std::current_exception();
  }

  // The units that an earlier run judged count as done: those up to the last that has records, since of some there is
  // nothing to record.
  void take_up(const std::vector<result>& earlier) {
    for (const result& r : earlier) {
      const std::string name = fmt::format("{}/{}", r.op, r.dtype);
      std::size_t at = next_ == 0 ? 0 : next_ - 1;
      while (at < units_.size() && units_[at].name() != name) ++at;
      if (at == units_.size()) throw invalid_input(name + " is not in its place: this is the record of another run");
      for (; next_ <= at; ++next_) done_[next_] = batch{.results = {}, .ran = true};
      done_[at]->results.push_back(r);
    }
    finished_ = next_;
  }

  void deliver(std::size_t i, batch b) {
    const std::lock_guard lock(mutex_);
    done_[i] = std::move(b);
    pass_on_what_is_in();
    if (to_.on_progress) to_.on_progress(++finished_, units_.size(), units_[i].name());
  }

  // What compares numbers with the truth says the most, and is shown in full: it comes first.
  static std::string first_failure_of(const std::vector<result>& unit) {
    const auto told = [](const result& r) { return r.told; };
    auto at = std::find_if(unit.begin(), unit.end(), [&](const result& r) { return told(r) && is_direct(r.check); });
    if (at == unit.end()) at = std::find_if(unit.begin(), unit.end(), told);
    if (at == unit.end())
      at = std::find_if(unit.begin(), unit.end(), [](const result& r) { return r.found.outcome == verdict::fail; });
    return at == unit.end() ? "" : at->replay;
  }

  void pass_on_what_is_in() {
    for (; passed_on_ < done_.size() && done_[passed_on_]; ++passed_on_)
      pass_on(units_[passed_on_], *done_[passed_on_]);
  }

  void pass_on(const unit& u, batch& b) {
    if (!b.ran) total_.not_run.push_back(u.name());
    if (b.cut_short) total_.cut_short.push_back(u.name());
    if (total_.first_failure.empty()) total_.first_failure = first_failure_of(b.results);
    for (const result& r : b.results) {
      ++total_[r.found.outcome];
      if (executed(r)) executed_.insert(r.op);
      total_.internal |= r.internal;
      if (to_.on_result) to_.on_result(r);
    }
    b.results.clear();
  }

  const plan& plan_;
  const subject_factory& make_;
  const listener& to_;
  const std::vector<unit> units_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;  // guards all below
  std::vector<std::optional<batch>> done_;
  std::size_t passed_on_ = 0, finished_ = 0;
  summary total_;
  std::set<std::string> executed_;
  std::exception_ptr trouble_;
  const clock::time_point start_;
};

}  // namespace

std::string replay_command(const std::string& program, const std::string& what, const std::string& adapter) {
  const std::string line = shell_quoted(program) + " replay " + shell_quoted(what);
  return adapter.empty() ? line : line + " --adapter " + shell_quoted(adapter);
}

finding judge(const check& c, trial& t) {
  try {
    return c.run(t);
  } catch (const no_answer& none) {
    return none.found;
  }
}

finding judge(const op& o, const check& c, subject& s, const sample& x) {
  const format accumulator = s.accumulator(x.type);
  const oracle truth(o, x, accumulator);
  trial t(truth, s, {x.type, accumulator});
  return judge(c, t);
}

result judge_in_full(const op& o, const check& c, subject& s, const sample& x) {
  result r = blank(o, x.type, s, &c, case_name(x.made_for, x.number));
  r.found = judge(o, c, s, x);
  describe_sample(r, o, x);
  return r;
}

summary run(const plan& p, const subject_factory& make, const listener& to) { return runner(p, make, to).run(); }

}  // namespace backproof
