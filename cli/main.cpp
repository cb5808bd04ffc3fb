// backproof, the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <system_error>

#include "backproof/base/config.hpp"
#include "backproof/base/text.hpp"
#include "backproof/judge/subject.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/streams.hpp"

namespace {

using namespace backproof;
using namespace backproof::cli;

int complain(exit_code code, std::string_view message) {
  tell(fmt::format("backproof: {}\n", unbroken(message)));
  return code;
}

void add_commands(CLI::App& app, action& chosen) {
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
}

// A disk may turn out to be full when the last of the output is written.
int written(int code) {
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
  return code;
}

int run(int argc, char** argv) {
  CLI::App app("The referee for gradients: judges whether an implementation's backward pass is right.");
  app.name("backproof");
  app.set_version_flag("--version", "backproof " BACKPROOF_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  action chosen;
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return written(app.exit(e));  // --help and --version
  } catch (const CLI::ParseError& e) {
    throw stop_with(exit_usage, fmt::format("{} (backproof --help tells more)", e.what()));
  }
  return written(chosen());
}

// Where exit codes are given to errors. Whatever is none of ours is a defect, for no input may cause it.
int run_and_complain(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const stop_with& e) {
    return complain(e.code, e.what());
  } catch (const adapter_error& e) {
    return complain(exit_adapter, e.what());
  } catch (const misuse& e) {
    return complain(exit_internal, fmt::format("internal error: {}", e.what()));
  } catch (const error& e) {
    return complain(exit_usage, e.what());
  } catch (const std::bad_alloc&) {
    return complain(exit_usage, "there is not memory enough");
  } catch (const std::system_error& e) {  // what {fmt} throws if it cannot print
    return complain(exit_usage, fmt::format("cannot write to standard output: {}", e.code().message()));
  } catch (const std::exception& e) {
    return complain(exit_internal, fmt::format("internal error: {}", e.what()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  if (argc > 0) program = argv[0];
  try {
    return run_and_complain(argc, argv);
  } catch (...) {  // it could not even be told
    return exit_internal;
  }
}
