#include "cli/reading_options.hpp"

#include <fmt/format.h>

#include <charconv>

namespace backproof::cli {
namespace {

constexpr index_t most = limits::network_numbers;

void take(networks::reading& how, const std::string& text) {
  const std::size_t at = text.rfind('=');
  index_t n = -1;
  if (at != std::string::npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), n);
  if (n < 0 || n > most || std::to_string(n) != text.substr(at + 1))
    throw CLI::ValidationError("--dim", fmt::format("'{}' is not NAME=N", text));
  how.extents[text.substr(0, at)] = n;
}

}  // namespace

void add_outside(CLI::App& command, const std::shared_ptr<networks::reading>& how) {
  command.add_flag("--allow-outside", how->allow_outside,
                   "Read tensors that a description wants from outside of its folder");
}

std::shared_ptr<networks::reading> add_reading(CLI::App& command) {
  auto how = std::make_shared<networks::reading>();
  add_outside(command, how);
  const std::string group = "ONNX models";
  command.add_option("--batch", how->batch, "The first axis of an input, where the model leaves it open")
      ->check(CLI::Range(index_t{1}, most))
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--dim",
          [how](const std::vector<std::string>& all) {
            for (const std::string& one : all) take(*how, one);
          },
          "An axis that the model only names")
      ->type_name("NAME=N")
      ->group(group);
  command.add_option("--seed", how->seed, "Of the inputs and the objective, which a model does not have")->group(group);
  return how;
}

}  // namespace backproof::cli
