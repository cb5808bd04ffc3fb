// backproof replay: the same verdict again, from a stored counterexample or a token.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "backproof/base/shell.hpp"
#include "backproof/mutation/diagnosis.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/counterexample.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "cli/adapter_limits.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "cli/reproducer.hpp"
#include "cli/subjects.hpp"
#include "cli/terminal.hpp"

namespace backproof::cli {
namespace {

struct replay_options {
  std::string what, adapter, reproducer;
  std::shared_ptr<adapter_limits> limits;
};

// What `read` gives; if it throws, an error of one line that names the file.
template <class Read>
auto about(const std::string& file, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const invalid_input& e) {
    const std::string reason = e.what();
    throw stop_with(exit_usage, reason.starts_with(file) ? reason : file + ": " + reason);
  }
}

bool is_token(const std::string& what) { return what.starts_with("bp1:"); }

// The file, and none if it is a token. What is wrong with a file is said with its name.
std::optional<safetensors> file_of(const std::string& what) {
  if (is_token(what)) return std::nullopt;
  if (!std::filesystem::exists(what)) throw stop_with(exit_usage, fmt::format("cannot read {}: no such file", what));
  return about(what, [&] { return read_file(what); });
}

// A file may come from anybody, and an adapter is a command. So it is the one who runs us that names it.
void require_adapter(const replay_options& o, const safetensors& file) {
  const std::string found_with = adapter_of(file);
  if (!o.adapter.empty() || found_with.empty()) return;
  throw stop_with(
      exit_usage,
      fmt::format("{}: this was found with an adapter, and no file starts one: add --adapter {}, if you trust "
                  "that, or --adapter reference",
                  o.what, shell_quoted(found_with)));
}

int replay(const replay_options& o) {
  const std::optional<safetensors> file = file_of(o.what);
  if (file) require_adapter(o, *file);
  const std::unique_ptr<subject> s = subjects_of(o.adapter, *o.limits)();
  introduce_ops_of(*s);
  const counterexample c = file ? about(o.what, [&] { return from_file(*file); }) : from_token(o.what, *s);
  const op& which = *find_op(c.op);
  const offer offered = s->offers(which, c.x.type);
  if (!offered.any()) throw stop_with(exit_adapter, fmt::format("{}: {}", s->name(), offered.why_not));

  if (!o.reproducer.empty()) {
    const oracle truth(which, c.x, s->accumulator(c.x.type));
    trial t(truth, *s, {c.x.type, s->accumulator(c.x.type)});
    print("{}", page{reproducer_of(c, t, o.reproducer == "cpp" ? language::cpp : language::numpy)});
    return exit_ok;
  }
  result r = about(o.what, [&] { return judge_in_full(which, *find_check(c.check), *s, c.x); });
  if (r.found.outcome == verdict::fail) r.hint = diagnose(which, *find_check(c.check), c.x, *s);
  r.replay = replay_command(program, o.what, o.adapter);
  terminal screen(color_choice::automatic);
  screen.failure(r);
  summary total;
  total.ops_selected = total.ops_executed = 1;
  ++total[r.found.outcome];
  return total.exit_code();
}

}  // namespace

void add_replay(CLI::App& app, action& chosen) {
  auto o = std::make_shared<replay_options>();
  CLI::App* c = app.add_subcommand("replay", "Judge one stored or tokened sample again");
  c->add_option("sample", o->what, "FILE.safetensors, or a token bp1:...")->required();
  c->add_option("--adapter", o->adapter, "The subject, as for check; a file that was found with one does not start it");
  o->limits = add_adapter_limits(*c);
  c->add_option("--reproducer", o->reproducer, "Print a stand-alone program of the failure instead: numpy or cpp")
      ->check(CLI::IsMember({"numpy", "cpp"}));
  c->callback([o, &chosen] { chosen = [o] { return replay(*o); }; });
}

}  // namespace backproof::cli
