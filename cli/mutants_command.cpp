// backproof mutants: the kill matrix, checks x planted bugs.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "backproof/base/glob.hpp"
#include "backproof/mutation/kill_matrix_pages.hpp"
#include "backproof/mutation/registry.hpp"
#include "backproof/op/registry.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output_file.hpp"
#include "cli/print.hpp"
#include "cli/streams.hpp"

namespace backproof::cli {
namespace {

struct mutants_options {
  std::vector<std::string> mutants, ops;
  std::uint64_t samples = 49, seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  bool first = false;
  std::string json, html;
};

bool any_matches(const std::vector<std::string>& globs, const std::vector<std::string_view>& names) {
  return globs.empty() || std::any_of(globs.begin(), globs.end(), [&](const std::string& g) {
           return std::any_of(names.begin(), names.end(), [&](std::string_view n) { return matches(g, n); });
         });
}

std::vector<std::string_view> names_of(const mutant* m) { return {m->name, m->bug_class, family_of(*m).info.name}; }
std::vector<std::string_view> names_of(const op* o) { return {o->info.name, o->wire_name()}; }

// Every glob has to match something: a misspelt name must not make the matrix look complete.
template <class T>
std::vector<const T*> select(const std::vector<const T*>& all, const std::vector<std::string>& globs,
                             const char* what) {
  for (const std::string& g : globs)
    if (std::none_of(all.begin(), all.end(), [&](const T* item) { return any_matches({g}, names_of(item)); }))
      throw stop_with(exit_nothing, fmt::format("nothing selected: no {} matches {}", what, g));
  std::vector<const T*> chosen;
  for (const T* item : all)
    if (any_matches(globs, names_of(item))) chosen.push_back(item);
  return chosen;
}

kill_matrix_plan plan_of(const mutants_options& o) {
  std::vector<const op*> ops;
  for (const op& one : all_ops()) ops.push_back(&one);
  return {.mutants = select(all_mutants(), o.mutants, "mutant"),
          .ops = select(ops, o.ops, "op"),
          .samples = o.samples,
          .seed = o.seed,
          .jobs = o.jobs,
          .first = o.first};
}

// What takes time is told to a person who is watching, and to nobody else.
void show(std::size_t done, std::size_t total, const std::string& op) {
  tell(fmt::format("\r\033[K{}/{}  {}", done, total, op));
  if (done == total) tell("\r\033[K");
}

int run(const mutants_options& o) {
  kill_matrix_plan p = plan_of(o);
  const bool watched = ::isatty(STDERR_FILENO) != 0;
  if (watched) p.on_progress = show;
  std::vector<std::pair<std::unique_ptr<output_file>, std::string (*)(const kill_matrix&, const kill_matrix_plan&)>>
      files;
  if (!o.json.empty()) files.emplace_back(std::make_unique<output_file>(o.json), kill_matrix_as_json);
  if (!o.html.empty()) files.emplace_back(std::make_unique<output_file>(o.html), kill_matrix_as_html);

  const auto start = std::chrono::steady_clock::now();
  const kill_matrix x = run_kill_matrix(p);
  if (x.met.empty()) throw stop_with(exit_nothing, "nothing selected: none of these mutants makes sense in these ops");
  for (auto& [file, render] : files) {
    file->stream() << render(x, p);
    file->commit();
  }
  print("{}", page{kill_matrix_as_text(x, p)});
  // Of what takes long it is said how long, even if nobody watched.
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (watched || seconds > 60) tell(fmt::format("took {:.0f} s\n", seconds));
  return x.all_caught() ? exit_ok : exit_failed;
}

}  // namespace

void add_mutants(CLI::App& app, action& chosen) {
  auto o = std::make_shared<mutants_options>();
  CLI::App* c =
      app.add_subcommand("mutants", "Who tests the referee? Checks x planted bugs: which check catches which");
  c->add_option("--mutant", o->mutants, "Mutants whose name, class or family matches GLOB; may be repeated")
      ->delimiter(',')
      ->type_name("GLOB");
  c->add_option("--op", o->ops, "Ops whose name matches GLOB; may be repeated")->delimiter(',')->type_name("GLOB");
  c->add_option("--samples", o->samples, "Samples per op and dtype, as in a check")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  c->add_option("--seed", o->seed, "Of the samples")->capture_default_str();
  c->add_option("--jobs", o->jobs, "Ops at the same time; results do not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1024u));
  c->add_flag("--first", o->first, "Let a mutant go as soon as any check has caught it: complete, but short");
  c->add_option("--json", o->json, "Write the matrix as JSON, schema backproof.mutants/1")->type_name("FILE");
  c->add_option("--html", o->html, "Write the matrix as a page")->type_name("FILE");
  c->callback([o, &chosen] { chosen = [o] { return run(*o); }; });
}

}  // namespace backproof::cli
