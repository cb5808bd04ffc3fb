#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "backproof/number/dtype.hpp"
#include "backproof/run/registry.hpp"
#include "cli/print.hpp"
#include "cli/streams.hpp"

namespace backproof::cli {
namespace {

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool terminal_on(int fd) {
  const char* term = std::getenv("TERM");
  return isatty(fd) != 0 && term != nullptr && std::string_view(term) != "dumb";
}

bool wants_color(color_choice c) {
  if (c != color_choice::automatic) return c == color_choice::always;
  if (set("NO_COLOR")) return false;
  if (set("FORCE_COLOR") || set("CLICOLOR_FORCE")) return true;
  return terminal_on(STDOUT_FILENO);
}

std::string upper(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string times_too_large(const element& w) {
  if (!(w.bound > 0) || !std::isfinite(w.error)) return "";
  const double ratio = w.error / w.bound;
  return ratio > 1 && std::isfinite(ratio) ? fmt::format("    {:.4g} x too large", ratio) : "";
}

std::string plural(std::uint64_t n, const std::string& what) {
  return fmt::format("{} {}{}", grouped(n), what, n == 1 ? "" : "s");
}

// The check that made a record; null if it is that of no check.
bool compares_elements(const result& r) {
  const check* c = find_check(r.check);
  return c != nullptr && c->info.compares.has_value();
}

// How large errors were against their bounds, over all that passed: the largest, and the median of bound / error.
std::string tightness_of(const std::vector<result>& unit) {
  double worst = -1;
  histogram slack;
  for (const result& r : unit) {
    if (r.found.outcome != verdict::pass || !r.found.worst || !compares_elements(r)) continue;
    if (r.found.worst->bound > 0 && std::isfinite(r.found.worst->bound))
      worst = std::max(worst, r.found.worst->error / r.found.worst->bound);
    slack.add(r.found.slack);
  }
  if (worst < 0) return "";
  const std::string median = slack.total() > 0 ? fmt::format(" (median 1/{:g})", slack.median()) : "";
  return fmt::format(", largest error {:.2g} of its bound{}", worst, median);
}

// "0: 60123  1: 5400  3-4: 13", of the exhaustive samples.
std::string ulps_of(const std::vector<result>& unit, std::string_view check) {
  histogram all;
  for (const result& r : unit)
    if (r.sample.starts_with("exhaustive") && r.check == check) all.add(r.found.ulps);
  std::string text;
  for (std::size_t k = 0; k < all.counts().size(); ++k) {
    if (all.counts()[k] == 0) continue;
    const double low = k < 2 ? histogram::upper(k) : histogram::upper(k - 1) + 1, high = histogram::upper(k);
    text += low == high ? fmt::format("  {:g}: {}", low, grouped(all.counts()[k]))
                        : fmt::format("  {:g}-{:g}: {}", low, high, grouped(all.counts()[k]));
  }
  return text;
}

// The accuracy grade of elements that are `worst` ulps off at most: "up to 52 ulp, 5.7 bits lost, median 1". Beyond
// 2^precision ulps no bit is in common with the true value, and the number says nothing more.
std::string grade_of(double worst, const histogram& ulps, const std::string& type) {
  const auto t = dtype_named(type);
  const std::string median = fmt::format("median {:g} ulp", ulps.median());
  if (t && worst > 1 / format_of(*t).unit()) return "up to all bits lost, " + median;
  return fmt::format("up to {:.3g} ulp, {:.2g} bits lost, {}", worst, std::log2(std::max(1.0, worst)), median);
}

// What each check measured at most, a line each.
std::vector<std::string> notes_of(const std::vector<result>& unit) {
  std::map<std::string, const result*> most;
  for (const result& r : unit) {
    if (r.found.note.empty()) continue;
    const result*& m = most[r.check];
    if (m == nullptr || r.found.measured > m->found.measured) m = &r;
  }
  std::vector<std::string> lines;
  lines.reserve(most.size());
  for (const auto& [check, r] : most)
    lines.push_back(fmt::format("{}{} {}", check, find_check(check)->info.introduces_note, r->found.note));
  return lines;
}

// What is left open although everything passed.
std::string unproved_of(const std::vector<result>& unit) {
  for (const result& r : unit)
    if (!r.found.unproved.empty()) return r.found.unproved;
  return "";
}

// How much of the unit was looked at, where it is not all.
std::string coverage_of(const unit_result& u) {
  std::string text;
  if (u.answered < u.samples)
    text += fmt::format(", answered {} of {}{}", u.answered, plural(u.samples, "sample"), u.thin() ? " (thin)" : "");
  if (u.resolved < u.elements) text += fmt::format(", {} % of elements resolved", 100 * u.resolved / u.elements);
  return text;
}

// "forward only"
std::string word_for(verdict v) {
  std::string word(name_of(v));
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

// Why samples were skipped, the first reason.
std::string skips_of(const std::vector<result>& unit) {
  for (const result& r : unit)
    if (r.found.outcome == verdict::skip && !r.found.reason.empty()) return ", skipped: " + r.found.reason;
  return "";
}

// What it did at kinks, if it did the same at all of them: "ties: even".
std::string conventions_of(const std::vector<result>& unit) {
  std::set<std::string> met;
  for (const result& r : unit)
    if (!r.found.convention.empty()) met.insert(r.found.convention);
  return met.empty() ? "" : fmt::format(", at kinks {}", fmt::join(met, " or "));
}

// What explains the inaccurate results, a line each, the most frequent first.
std::vector<std::string> variants_of(const std::vector<result>& unit) {
  struct grade {
    std::uint64_t results = 0;
    double worst = 0;
    histogram ulps;
  };
  std::map<std::string, grade> grades;
  for (const result& r : unit) {
    if (r.found.outcome != verdict::inaccurate || !r.found.worst) continue;
    grade& g = grades[r.found.variant];
    ++g.results;
    g.worst = std::max(g.worst, r.found.worst->ulps);
    g.ulps.add(r.found.ulps);
  }
  std::vector<std::pair<std::string, grade>> ranked(grades.begin(), grades.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second.results > b.second.results; });
  std::vector<std::string> lines;
  constexpr std::size_t readable = 3;
  for (std::size_t k = 0; k < std::min(readable, ranked.size()); ++k) {
    const auto& [name, g] = ranked[k];
    lines.push_back(fmt::format("{} consistent with {}{}", g.results, name,
                                g.worst > 0 ? ": " + grade_of(g.worst, g.ulps, unit.front().dtype) : ""));
  }
  if (ranked.size() > readable)
    lines.push_back(fmt::format("and {} more combinations of these, in the log (--ndjson)", ranked.size() - readable));
  return lines;
}

}  // namespace

terminal::terminal(color_choice c, bool notes)
    : notes_(notes), colored_(wants_color(c)), live_(terminal_on(STDERR_FILENO) && !set("CI")) {}

colored terminal::painted(verdict v, const std::string& text) const {
  if (!colored_) return {unbroken(text)};
  switch (v) {
    case verdict::pass:
      return {"\033[32m" + unbroken(text) + "\033[0m"};
    case verdict::inaccurate:
    case verdict::unresolved:
    case verdict::forward_only:
      return {"\033[33m" + unbroken(text) + "\033[0m"};
    case verdict::skip:
      return {"\033[2m" + unbroken(text) + "\033[0m"};
    default:
      return {"\033[1;31m" + unbroken(text) + "\033[0m"};
  }
}

void terminal::begin(const run_info& i) {
  print("backproof {}  subject {} {}  seed {}  {} of each op and dtype{}\n\n", i.version, i.subject, i.subject_version,
        i.seed, plural(i.samples, "sample"), i.shard.empty() ? "" : "  shard " + i.shard);
  std::fflush(stdout);  // who reads through a pipe wants to see each line when it is there
}

void terminal::progress(std::size_t done, std::size_t total, const std::string& unit) {
  if (!live_) return;
  tell(fmt::format("\r\033[K{}/{} {}", done, total, unbroken(unit)));
  std::fflush(stderr);
  progress_shown_ = true;
}

void terminal::clear_progress() {
  if (progress_shown_) tell("\r\033[K");
  progress_shown_ = false;
}

void terminal::record(const result& r) { unit_.push_back(r); }

void terminal::unit(const unit_result& u) {
  clear_progress();
  if (u.outcome == verdict::skip && unit_.empty())  // told together, at the end
    not_offered_.push_back(u.op + " " + u.dtype);
  else
    row(u);
  unit_.clear();
  std::fflush(stdout);
}

void terminal::row(const unit_result& u) {
  std::map<verdict, std::uint64_t> counts;
  for (const result& r : unit_) ++counts[r.found.outcome];
  const verdict v = u.outcome;
  std::string line;
  for (const auto& [which, n] : counts) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", n, name_of(which));
  if (!is_trouble(v)) line += conventions_of(unit_) + tightness_of(unit_);
  line += coverage_of(u);
  if (!is_trouble(v) && u.reason.empty()) line += skips_of(unit_);
  if (u.cut_short) line += ", cut short";
  const std::string word = fmt::format("{:<10}", word_for(v));
  print("{} {:<{}} {:<5} {}\n", painted(v, word), u.op, 34 - word.size(), u.dtype, line);
  if (!u.reason.empty()) print("{:<11}{}\n", "", u.reason);
  const std::string open = is_trouble(v) ? "" : unproved_of(unit_);
  for (const auto& lines : {variants_of(unit_), notes_ || !open.empty() ? notes_of(unit_) : std::vector<std::string>{}})
    for (const std::string& l : lines) print("{:<11}{}\n", "", l);

  if (!open.empty()) print("{:<11}no reference; not proved: {}\n", "", open);

  for (const mode m : {mode::forward, mode::vjp})
    for (const check& c : all_checks())
      if (const std::string ulps = c.info.compares == m ? ulps_of(unit_, c.info.name) : ""; !ulps.empty())
        print("           {:<18} every {} number, elements by ulps off:{}\n", c.info.name, u.dtype, ulps);

  failures_of_unit();
}

// Each kind of trouble once per check, the one that is to be told or else the first; the log has them all. What
// compares with the truth, element by element, tells the most, and is shown in full; that other checks fail for the
// same reason takes a line each.
void terminal::failures_of_unit() {
  std::vector<const result*> trouble;
  for (const result& r : unit_) {
    if (!is_trouble(r.found.outcome)) continue;
    const auto known = std::find_if(trouble.begin(), trouble.end(), [&](const result* t) {
      return t->check == r.check && t->found.outcome == r.found.outcome;
    });
    if (known == trouble.end())
      trouble.push_back(&r);
    else if (r.told)
      *known = &r;
  }
  const bool any_direct =
      std::any_of(trouble.begin(), trouble.end(), [](const result* r) { return is_direct(r->check); });
  for (const result* r : trouble)
    if (!any_direct || is_direct(r->check)) failure(*r);
  for (const result* r : trouble)
    if (any_direct && !is_direct(r->check)) {
      const std::string name = fmt::format("also {}  check {}", name_of(r->found.outcome), r->check);
      print("  {}  {}\n  {:<10} {}\n", painted(r->found.outcome, name), r->found.reason, "replay", r->replay);
    }
  if (any_direct && std::any_of(trouble.begin(), trouble.end(), [](const result* r) { return !is_direct(r->check); }))
    print("\n");
}

void terminal::failure(const result& r) {
  const finding& f = r.found;
  print("\n{}  {}  {}  check {}{}\n", painted(f.outcome, upper(name_of(f.outcome))), r.op, r.dtype, r.check,
        f.kind == failure_kind::none ? "" : fmt::format("  kind {}", name_of(f.kind)));
  print("  claim      {}\n", r.claim);
  if (!f.reason.empty()) print("  because    {}\n", f.reason);
  if (const auto& w = f.worst) {
    print("  measured   {:.3g}    bound {:.3g}{}\n", w->error, w->bound, times_too_large(*w));
    if (!f.bound.empty()) print("  bound      {}\n", f.bound);
    print("  worst at   {}    expected {}    actual {}{}\n", w->where, w->expected, w->actual,
          w->ulps > 0 && std::isfinite(w->ulps) ? fmt::format("    {:.6g} ulp", w->ulps) : "");
  }
  std::string label = "sample";
  const auto row = [&](const std::string& text) {
    print("  {:<10} {}\n", label, text);
    label = "";
  };
  if (!r.attributes.empty()) row(r.attributes);
  for (const std::string& t : r.tensors) row(t);
  if (!r.shrunk_from.empty()) row("shrunk from " + r.shrunk_from);
  if (!r.hint.empty()) print("  hint       {}\n", r.hint);
  if (!r.file.empty()) print("  stored in  {}\n", r.file);
  if (!r.not_stored.empty()) print("  not stored {}\n", r.not_stored);
  if (!r.replay.empty()) print("  replay     {}\n", r.replay);
  print("\n");
}

namespace {

// A few of them by name, the others by number.
constexpr std::ptrdiff_t readable = 8;
std::string named(const std::vector<std::string>& all) {
  if (std::ssize(all) <= readable) return fmt::format("{}", fmt::join(all, ", "));
  return fmt::format("{}, and {} others, named in the log (--ndjson)",
                     fmt::join(all.begin(), all.begin() + readable, ", "), std::ssize(all) - readable);
}

}  // namespace

void terminal::end(const summary& s) {
  clear_progress();
  std::string counts;
  for (const verdict v : all_verdicts)
    if (v != verdict::forward_only)  // which no single record is
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", grouped(s[v]), name_of(v));
  if (std::ssize(not_offered_) > readable)
    print("skip       not offered: {} others, named in the log (--ndjson)\n", not_offered_.size());
  else if (!not_offered_.empty())
    print("skip       not offered: {}\n", named(not_offered_));
  print("\n{} of {} executed; gradients judged: {}\n", s.ops_executed, plural(s.ops_selected, "op"), s.ops_judged);
  if (!s.forward_only.empty()) print("forward only, no gradient was judged: {}\n", named(s.forward_only));
  if (!s.thin.empty()) print("thin, most samples were declined: {}\n", named(s.thin));
  if (!s.not_run.empty())
    print("not run, the time budget was spent: {}\n", fmt::format("{}", fmt::join(s.not_run, " ")));
  if (s.interrupted) print("interrupted; what was finished is counted\n");
  if (s.internal) print("a defect of backproof's own was met; the records with \"internal error\" name it\n");
  if (s.ops_executed == 0 && s.exit_code() == 1) print("nothing was executed, so nothing was tested\n");
  for (const std::string& w : s.worse) print("less accurate than the baseline: {}\n", w);
  if (s.strict && s[verdict::inaccurate] > 0) print("--accuracy strict: lost digits count as failures\n");
  print("{}\n", counts);
  if (!s.first_failure.empty()) print("first failure: {}\n", s.first_failure);
}

}  // namespace backproof::cli
