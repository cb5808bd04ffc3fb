// backproof check
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <random>

#include "backproof/base/glob.hpp"
#include "backproof/mutation/diagnosis.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/baseline.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "cli/adapter_limits.hpp"
#include "cli/check_options.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/resume.hpp"
#include "cli/run_reports.hpp"
#include "cli/signals.hpp"
#include "cli/subjects.hpp"
#include "cli/terminal.hpp"

namespace backproof::cli {
namespace {

namespace fs = std::filesystem;

template <class T>
bool selects(const std::string& glob, const T& item) {
  if constexpr (requires { item.wire_name(); })
    return matches(glob, item.info.name) || matches(glob, item.wire_name());
  else
    return matches(glob, item.info.name);
}

// Every glob has to match something: a misspelt name must not make a run look complete.
template <class T>
std::vector<const T*> select(const std::vector<T>& all, const std::vector<std::string>& globs,
                             const std::string& what) {
  for (const std::string& g : globs)
    if (std::none_of(all.begin(), all.end(), [&](const T& item) { return selects(g, item); }))
      throw stop_with(exit_nothing,
                      fmt::format("nothing selected: no {0} matches {1} (backproof {0}s lists them)", what, g));
  std::vector<const T*> chosen;
  for (const T& item : all)
    if (globs.empty() ||
        std::any_of(globs.begin(), globs.end(), [&](const std::string& g) { return selects(g, item); }))
      chosen.push_back(&item);
  return chosen;
}

std::vector<dtype> dtypes_of(const std::vector<std::string>& names) {
  std::vector<dtype> list;
  for (const std::string& n : names) {
    const auto t = dtype_named(n);
    if (!t || !is_float(*t)) throw stop_with(exit_usage, fmt::format("unknown dtype '{}': f64, f32, bf16 or f16", n));
    if (std::find(list.begin(), list.end(), *t) == list.end()) list.push_back(*t);
  }
  return list;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  return trouble == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

std::uint64_t seed_of(const std::string& text) {
  if (text == "any") return std::random_device{}();
  if (const auto seed = whole_number(text)) return *seed;
  throw stop_with(exit_usage, fmt::format("--seed: '{}' is neither a number nor 'any'", text));
}

struct part {
  std::uint64_t of = 1, all = 1;
};

// I/N from the command line, else what Bazel or GoogleTest put into the environment, both counting from zero.
part shard_of(const std::string& text) {
  const auto environment = [](const char* index, const char* total) -> std::optional<part> {
    const char *i = std::getenv(index), *n = std::getenv(total);
    if (i == nullptr || n == nullptr) return std::nullopt;
    return part{std::strtoull(i, nullptr, 10) + 1, std::strtoull(n, nullptr, 10)};
  };
  part p;
  if (!text.empty()) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto i = whole_number(text.substr(0, slash)), n = whole_number(text.substr(std::min(slash + 1, text.size())));
    if (!i || !n) throw stop_with(exit_usage, fmt::format("--shard: '{}' is not of the form I/N", text));
    p = {*i, *n};
  } else if (const auto bazel = environment("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS")) {
    p = *bazel;
  } else if (const auto gtest = environment("GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS")) {
    p = *gtest;
  }
  if (p.of < 1 || p.of > p.all) throw stop_with(exit_usage, fmt::format("shard {}/{} does not exist", p.of, p.all));
  return p;
}

run_info info_of(const plan& p, const check_options& o, const subject& s) {
  run_info i{.version = BACKPROOF_VERSION,
             .subject = s.name(),
             .subject_version = s.version(),
             .seed = p.seed,
             .samples = p.samples,
             .shard = p.shards > 1 ? fmt::format("{}/{}", p.shard, p.shards) : "",
             .ops = o.ops,
             .checks = o.checks,
             .dtypes = {},
             .exhaustive = p.exhaustive,
             .out = p.counterexamples,
             .adapter = p.adapter_argument};
  for (const dtype t : p.dtypes) i.dtypes.emplace_back(name_of(t));
  return i;
}

// All but the ops, for the subject may bring some along.
plan plan_of(const check_options& o) {
  if (o.digits != BACKPROOF_DIGITS)
    throw stop_with(
        exit_usage,
        fmt::format("--digits {}: this build computes in {} (configure with -DBACKPROOF_DIGITS=100 for another)",
                    o.digits, BACKPROOF_DIGITS));
  plan p;
  p.checks = select(all_checks(), o.checks, "check");
  p.dtypes = dtypes_of(o.dtypes.empty() ? std::vector<std::string>{"f64", "f32"} : o.dtypes);
  p.samples = o.samples;
  p.seed = seed_of(o.seed);
  p.jobs = o.jobs;
  p.budget_seconds = o.budget;
  const part s = shard_of(o.shard);
  p.shard = s.of, p.shards = s.all;
  p.counterexamples = o.out;
  p.program = program;
  p.adapter_argument = o.adapter;
  p.exhaustive = o.exhaustive;
  p.stop = &heed_signals();
  p.diagnose = diagnose;
  return p;
}

// Starting the adapter once, before anything else, gives a clear error early.
run_info meet(const subject_factory& make, plan& p, const check_options& o) try {
  const std::unique_ptr<subject> s = make();
  introduce_ops_of(*s);
  p.ops = select(all_ops(), o.ops, "op");
  return info_of(p, o, *s);
} catch (const adapter_error&) {
  if (*p.stop) throw stop_with(exit_interrupted, "interrupted before anything was judged");
  throw;
}

std::optional<grades> baseline_of(const check_options& o, const plan& p) {
  if (o.baseline.empty()) return std::nullopt;
  grades g = grades::read(o.baseline);
  if (g.seed != p.seed || g.samples != p.samples)
    throw stop_with(exit_usage,
                    fmt::format("--baseline {}: recorded with --seed {} --samples {}, not comparable with this run",
                                o.baseline, g.seed, g.samples));
  return g;
}

// The folder for counterexamples is made before any work is done, and what was made of it is unmade if it was not
// needed.
class counterexample_folder {
 public:
  explicit counterexample_folder(const std::string& path) {
    std::error_code trouble;
    for (fs::path p = fs::absolute(path).lexically_normal(); !p.empty() && !fs::exists(p, trouble); p = p.parent_path())
      made_.push_back(p);
    fs::create_directories(path, trouble);
    if (trouble || ::access(path.c_str(), W_OK) != 0)
      throw stop_with(exit_usage, fmt::format("cannot write into --out {}", path));
  }
  ~counterexample_folder() {
    std::error_code ignored;  // remove() leaves a folder that is not empty
    for (const fs::path& p : made_) fs::remove(p, ignored);
  }
  counterexample_folder(const counterexample_folder&) = delete;
  counterexample_folder& operator=(const counterexample_folder&) = delete;

 private:
  std::vector<fs::path> made_;  // the innermost first
};

int judge_all(check_options o) {
  event_log earlier = earlier_run(o);
  plan p = plan_of(o);
  const std::optional<grades> baseline = baseline_of(o, p);
  grades now;
  const counterexample_folder folder(o.out);
  run_reports files(o.reports);
  const subject_factory make = subjects_of(o.adapter, *o.limits, p.stop);
  const run_info info = meet(make, p, o);
  require_same_subject(o, earlier, info);

  terminal screen(o.color, !o.checks.empty());
  screen.begin(info);
  files.begin(info, earlier);
  p.earlier = std::move(earlier.whole);
  const listener to{.on_result =
                        [&](const result& r) {
                          screen.record(r);
                          now.add(r);
                          files.record(r);
                        },
                    .on_unit =
                        [&](const unit_result& u) {
                          screen.unit(u);
                          files.unit(u);
                        },
                    .on_progress = [&](std::size_t done, std::size_t total,
                                       const std::string& unit) { screen.progress(done, total, unit); }};
  summary s = run(p, make, to);
  s.strict = o.accuracy == "strict";
  if (baseline) s.worse = now.worse_than(*baseline);
  const std::string trouble = files.end(info, s);
  screen.end(s);
  if (!trouble.empty()) throw file_error(trouble);
  return s.exit_code();
}

}  // namespace

void add_check(CLI::App& app, action& chosen) {
  auto o = std::make_shared<check_options>();
  CLI::App* c = app.add_subcommand("check", "Judge a subject: every op, dtype and check that is selected");
  c->add_option("--adapter", o->adapter,
                "NAME | FILE.so | \"COMMAND ARGS\"; without it, the reference itself is judged")
      ->check([](const std::string& text) { return text.empty() ? std::string("--adapter is empty") : std::string(); });
  c->add_option("--op", o->ops, "Ops whose name matches GLOB; may be repeated")->delimiter(',')->type_name("GLOB");
  c->add_option("--check", o->checks, "Checks whose name matches GLOB; may be repeated")
      ->delimiter(',')
      ->type_name("GLOB");
  c->add_option("--dtype", o->dtypes, "f64,f32,bf16,f16; default f64,f32")->delimiter(',')->type_name("LIST");
  c->add_option("--samples", o->samples, "Samples per op and dtype")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000000));
  c->add_option("--seed", o->seed, "A number, or 'any' for a new one each time")->capture_default_str();
  c->add_option("--digits", o->digits, "Digits of the oracle, as built")->capture_default_str();
  c->add_option("--jobs", o->jobs, "Subjects judged at the same time; results do not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1024u));
  c->add_option("--budget", o->budget, "Seconds after which no op is begun any more; 0 for no limit")
      ->check(seconds_within(0, 1e9));
  c->add_flag("--exhaustive", o->exhaustive, "Unary ops in f16 and bf16 at all 65,536 numbers, too");
  c->add_option("--accuracy", o->accuracy, "default, or strict: an inaccurate counts as a failure")
      ->check(CLI::IsMember({"default", "strict"}))
      ->capture_default_str();
  c->add_option("--baseline", o->baseline, "Event log of an earlier run: fails if the accuracy of anything got worse")
      ->type_name("FILE");
  o->limits = add_adapter_limits(*c);
  c->add_option("--shard", o->shard, "This run's part, I/N, counting from 1");
  c->add_option("--out", o->out, "Folder for counterexamples, made when there is one")->capture_default_str();
  c->add_option("--color", o->color, "auto, always or never")
      ->transform(CLI::CheckedTransformer(std::map<std::string, color_choice>{
          {"auto", color_choice::automatic}, {"always", color_choice::always}, {"never", color_choice::never}}));
  for (const report& r : all_reports())
    c->add_option("--" + std::string(r.info.name), o->reports[std::string(r.info.name)],
                  "Write a report: " + std::string(r.info.what))
        ->type_name("FILE");
  c->add_option("--resume", o->resume, "Event log of a run that was cut off: go on with it, and with its options")
      ->excludes("--ndjson")
      ->type_name("FILE");
  c->callback([o, c, &chosen] {
    for (const CLI::Option* each : c->get_options())
      if (each->count() > 0) o->given.insert(each->get_name());
    chosen = [o] { return judge_all(*o); };
  });
}

}  // namespace backproof::cli
