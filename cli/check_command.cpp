// backproof check
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <random>
#include <thread>

#include "backproof/base/glob.hpp"
#include "backproof/mutation/diagnosis.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/baseline.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "cli/adapter_limits.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output_file.hpp"
#include "cli/signals.hpp"
#include "cli/subjects.hpp"
#include "cli/terminal.hpp"

namespace backproof::cli {
namespace {

struct options {
  std::string adapter;
  std::vector<std::string> ops, checks, dtypes;
  std::uint64_t samples = 49;
  std::string seed = "1";
  int digits = BACKPROOF_DIGITS;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  double budget = 0;
  std::shared_ptr<adapter_limits> limits;
  std::string shard;
  std::string out = "backproof-out";
  bool exhaustive = false;
  std::string accuracy = "default";
  std::string baseline;
  color_choice color = color_choice::automatic;
  std::map<std::string, std::string> reports;  // report name -> file
};

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

std::uint64_t seed_of(const std::string& text) {
  if (text == "any") return std::random_device{}();
  try {
    std::size_t used = 0;
    const std::uint64_t seed = std::stoull(text, &used);
    if (used == text.size() && text[0] != '-') return seed;
  } catch (const std::exception&) {
    // Falls through to the message below.
  }
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
    char slash = 0, rest = 0;
    unsigned long long i = 0, n = 0;
    if (std::sscanf(text.c_str(), "%llu%c%llu%c", &i, &slash, &n, &rest) != 3 || slash != '/')
      throw stop_with(exit_usage, fmt::format("--shard: '{}' is not of the form I/N", text));
    p = {i, n};
  } else if (const auto bazel = environment("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS")) {
    p = *bazel;
  } else if (const auto gtest = environment("GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS")) {
    p = *gtest;
  }
  if (p.of < 1 || p.of > p.all) throw stop_with(exit_usage, fmt::format("shard {}/{} does not exist", p.of, p.all));
  return p;
}

struct open_report {
  std::unique_ptr<reporter> renderer;
  std::unique_ptr<output_file> file;
};

std::vector<open_report> open_reports(const options& o) {
  std::vector<open_report> open;
  for (const report& r : all_reports())
    if (const auto at = o.reports.find(std::string(r.info.name)); at != o.reports.end() && !at->second.empty())
      open.push_back({r.make(), std::make_unique<output_file>(at->second)});
  return open;
}

run_info info_of(const plan& p, const subject& s) {
  return {.version = BACKPROOF_VERSION,
          .subject = s.name(),
          .subject_version = s.version(),
          .seed = p.seed,
          .samples = p.samples,
          .shard = p.shards > 1 ? fmt::format("{}/{}", p.shard, p.shards) : ""};
}

// All but the ops, for the subject may bring some along.
plan plan_of(const options& o) {
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
  // A file is named in full, so that a counterexample replays from any folder.
  p.adapter_argument = std::filesystem::is_regular_file(o.adapter)
                           ? std::filesystem::absolute(o.adapter).lexically_normal().string()
                           : o.adapter;
  p.exhaustive = o.exhaustive;
  p.stop = &heed_signals();
  p.diagnose = diagnose;
  return p;
}

// Starting the adapter once, before anything else, gives a clear error early.
run_info meet(const subject_factory& make, plan& p, const options& o) try {
  const std::unique_ptr<subject> s = make();
  introduce_ops_of(*s);
  p.ops = select(all_ops(), o.ops, "op");
  return info_of(p, *s);
} catch (const adapter_error&) {
  if (*p.stop) throw stop_with(exit_interrupted, "interrupted before anything was judged");
  throw;
}

std::optional<grades> baseline_of(const options& o, const plan& p) {
  if (o.baseline.empty()) return std::nullopt;
  grades g = grades::read(o.baseline);
  if (g.seed != p.seed || g.samples != p.samples)
    throw stop_with(exit_usage,
                    fmt::format("--baseline {}: recorded with --seed {} --samples {}, not comparable with this run",
                                o.baseline, g.seed, g.samples));
  return g;
}

// The folder for counterexamples is made before any work is done, and unmade if it was not needed.
class counterexample_folder {
 public:
  explicit counterexample_folder(const std::string& path) : path_(path) {
    std::error_code trouble;
    std::filesystem::create_directories(path_, trouble);
    if (trouble || ::access(path.c_str(), W_OK) != 0)
      throw stop_with(exit_usage, fmt::format("cannot write into --out {}", path));
  }
  ~counterexample_folder() {
    std::error_code ignored;  // remove() leaves a folder that is not empty
    std::filesystem::remove(path_, ignored);
  }
  counterexample_folder(const counterexample_folder&) = delete;
  counterexample_folder& operator=(const counterexample_folder&) = delete;

 private:
  std::filesystem::path path_;
};

int check(const options& o) {
  plan p = plan_of(o);
  const std::optional<grades> baseline = baseline_of(o, p);
  grades now;
  const counterexample_folder folder(o.out);
  std::vector<open_report> files = open_reports(o);
  const subject_factory make = subjects_of(o.adapter, *o.limits, p.stop);
  const run_info info = meet(make, p, o);

  terminal screen(o.color, !o.checks.empty());
  screen.begin(info);
  for (open_report& r : files) r.renderer->begin(info, r.file->stream());
  const listener to{.on_result =
                        [&](const result& r) {
                          screen.record(r);
                          now.add(r);
                          for (open_report& f : files) f.renderer->record(r, f.file->stream());
                        },
                    .on_progress = [&](std::size_t done, std::size_t total,
                                       const std::string& unit) { screen.progress(done, total, unit); }};
  summary s = run(p, make, to);
  s.strict = o.accuracy == "strict";
  if (baseline) s.worse = now.worse_than(*baseline);
  for (open_report& r : files) {
    r.renderer->end(info, s, r.file->stream());
    r.file->commit();
  }
  screen.end(s);
  return s.exit_code();
}

}  // namespace

void add_check(CLI::App& app, action& chosen) {
  auto o = std::make_shared<options>();
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
  c->callback([o, &chosen] { chosen = [o] { return check(*o); }; });
}

}  // namespace backproof::cli
