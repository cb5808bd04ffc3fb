// backproof adapter check: is the adapter itself sound?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "backproof/host/adapter_check.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"

namespace backproof::cli {
namespace {

int check_soundness(const std::string& what) {
  const std::vector<host::adapter_finding> found = host::check_adapter(host::resolve_adapter(what));
  for (const host::adapter_finding& f : found)
    print("{}  {}{}\n", f.ok ? "ok  " : "FAIL", f.name, f.detail.empty() ? "" : ": " + f.detail);
  const auto bad = std::count_if(found.begin(), found.end(), [](auto& f) { return !f.ok; });
  print("\n{} of {} claims hold\n", static_cast<long>(found.size()) - bad, found.size());
  return bad == 0 ? exit_ok : exit_adapter;
}

}  // namespace

void add_adapter(CLI::App& app, action& chosen) {
  CLI::App* group = app.add_subcommand("adapter", "About adapters themselves");
  group->require_subcommand(1);
  auto what = std::make_shared<std::string>();
  CLI::App* c = group->add_subcommand("check", "Is the adapter itself sound: protocol, echo, capabilities, errors");
  c->add_option("adapter", *what, "NAME | FILE.so | \"COMMAND ARGS\"")->required();
  c->callback([what, &chosen] { chosen = [what] { return check_soundness(*what); }; });
}

}  // namespace backproof::cli
