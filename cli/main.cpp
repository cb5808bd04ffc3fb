// backproof, the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "backproof/base/config.hpp"
#include "backproof/judge/subject.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"

namespace {

using namespace backproof;
using namespace backproof::cli;

int complain(exit_code code, std::string message) {
  for (char& c : message)
    if (c == '\n') c = ' ';
  fmt::print(stderr, "backproof: {}\n", message);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 0) program = argv[0];
  CLI::App app("The referee for gradients: judges whether an implementation's backward pass is right.");
  app.name("backproof");
  app.set_version_flag("--version", "backproof " BACKPROOF_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  action chosen;
  add_check(app, chosen);
  add_replay(app, chosen);
  add_lists(app, chosen);
  add_adapter(app, chosen);
  add_graph(app, chosen);
  add_flow(app, chosen);
  add_net(app, chosen);
  add_train(app, chosen);
  add_audit(app, chosen);
  add_mutants(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);  // --help and --version
  } catch (const CLI::ParseError& e) {
    return complain(exit_usage, fmt::format("{} (backproof --help tells more)", e.what()));
  }
  try {
    const int code = chosen();
    if (std::fflush(stdout) != 0) return complain(exit_usage, "cannot write to standard output");
    return code;
  } catch (const stop_with& e) {
    return complain(e.code, e.what());
  } catch (const adapter_error& e) {
    return complain(exit_adapter, e.what());
  } catch (const format_error& e) {
    return complain(exit_usage, e.what());
  } catch (const std::exception& e) {
    return complain(exit_internal, fmt::format("internal error: {}", e.what()));
  }
}
