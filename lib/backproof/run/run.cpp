#include "backproof/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "backproof/run/registry.hpp"
#include "backproof/run/unit.hpp"

namespace backproof {
namespace {

std::vector<unit> units_of(const plan& p) {
  std::vector<unit> units;
  for (const op* o : p.ops)
    for (const dtype t : p.dtypes) {
      const unit u{o, t};
      if (hash_of(u.name()) % p.shards + 1 == p.shard) units.push_back(u);
    }
  return units;
}

// Work is handed out unit by unit; results are passed on in order, each as soon as all before it are in.
class runner {
 public:
  runner(const plan& p, const subject_factory& make, const listener& to)
      : plan_(p), make_(make), to_(to), units_(units_of(p)), places_(units_.size()), start_(clock::now()) {
    total_.ops_selected = p.ops.size();
    total_.units_assigned = units_.size();
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
    total_.ops_judged = judged_.size();
    total_.interrupted = stopped();
    return total_;
  }

 private:
  using clock = std::chrono::steady_clock;

  // What has come of a unit. One that is known and not there was not judged: there was no time for it.
  struct place {
    bool known = false;
    std::optional<judged_unit> unit;
  };

  bool stopped() const { return plan_.stop != nullptr && *plan_.stop; }
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
        deliver(i, std::nullopt);
        continue;
      }
      if (!s) s = make_();
      deliver(i, judge_unit(plan_, units_[i], *s));
    }
  } catch (const adapter_error&) {
    const std::lock_guard lock(mutex_);
    if (!trouble_ && !stopped()) trouble_ = std::current_exception();  // when stopped, no adapter starts any more
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!trouble_) trouble_ = std::current_exception();
  }

  // The units that an earlier run judged count as done, and those between them, for which it had no time.
  void take_up(const std::vector<judged_unit>& earlier) {
    for (const judged_unit& u : earlier) {
      const auto is_it = [&](const unit& each) { return each.name() == u.whole.id(); };
      const auto at = std::find_if(units_.begin() + static_cast<std::ptrdiff_t>(next_.load()), units_.end(), is_it);
      if (at == units_.end())
        throw invalid_input(u.whole.id() + " is not in its place: this is the record of another run");
      for (const auto end = static_cast<std::size_t>(at - units_.begin()); next_ < end; ++next_)
        places_[next_].known = true;
      places_[next_++] = {true, u};
    }
    finished_ = next_;
  }

  void deliver(std::size_t i, std::optional<judged_unit> u) {
    const std::lock_guard lock(mutex_);
    places_[i] = {true, std::move(u)};
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
    for (; passed_on_ < places_.size() && places_[passed_on_].known; ++passed_on_) {
      std::optional<judged_unit>& u = places_[passed_on_].unit;
      if (u)
        pass_on(*u);
      else
        total_.not_run.push_back(units_[passed_on_].name());
      u.reset();
    }
  }

  void pass_on(const judged_unit& u) {
    if (total_.first_failure.empty()) total_.first_failure = first_failure_of(u.cases);
    for (const result& r : u.cases) {
      ++total_[r.found.outcome];
      if (to_.on_result) to_.on_result(r);
    }
    if (u.whole.executed) executed_.insert(u.whole.op);
    total_.internal |= u.whole.internal;
    if (u.whole.cut_short)
      total_.cut_short.push_back(u.whole.id());
    else
      count(u.whole);
    if (to_.on_unit) to_.on_unit(u.whole);
  }

  void count(const unit_result& u) {
    ++total_.units[static_cast<std::size_t>(u.outcome)];
    if (u.gradients) judged_.insert(u.op);
    if (u.outcome == verdict::forward_only) total_.forward_only.push_back(u.id());
    if (u.thin()) total_.thin.push_back(fmt::format("{} {} of {}", u.id(), u.answered, u.samples));
    total_.unit_fails |= u.fails();
  }

  const plan& plan_;
  const subject_factory& make_;
  const listener& to_;
  const std::vector<unit> units_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;           // guards all below
  std::vector<place> places_;  // one for each unit
  std::size_t passed_on_ = 0, finished_ = 0;
  summary total_;
  std::set<std::string> executed_, judged_;  // ops
  std::exception_ptr trouble_;
  const clock::time_point start_;
};

}  // namespace

summary run(const plan& p, const subject_factory& make, const listener& to) { return runner(p, make, to).run(); }

}  // namespace backproof
