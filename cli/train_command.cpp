// backproof train: gradient descent on a network, in wide precision.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "backproof/network/graph/expression.hpp"
#include "backproof/network/graph/training.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/networks.hpp"
#include "cli/output_file.hpp"
#include "cli/reading_options.hpp"
#include "cli/table.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::networks;

struct train_options {
  std::string file, rate = "0.1", weights;
  index_t epochs = 10, batch = 0;
  std::uint64_t seed = 1;
  bool in_order = false;
  std::shared_ptr<reading> how = std::make_shared<reading>();
};

safetensors weights_of(const network& n) {
  safetensors s;
  for (const port& p : n.parameters) {
    const values<real>& w = n.g.nodes()[p.node].value;
    tensor t(dtype::f64, w.dims());
    for (index_t i = 0; i < w.size(); ++i) t.set(i, static_cast<double>(w[i]));
    s.tensors.emplace_back(n.name_of(p), std::move(t));
  }
  return s;
}

real rate_of(const std::string& text) {
  try {
    return networks::values_of(text)[0];
  } catch (const invalid_input& e) {
    throw stop_with(exit_usage, fmt::format("--rate: {}", e.what()));
  }
}

// A line for each step, or for some forty of them if there are more: the first, the last, and some between.
index_t line_every(const network& n, const train_options& o, index_t& all) {
  const index_t examples = examples_in(n), batch = o.batch == 0 ? examples : std::min(o.batch, examples);
  all = (examples + batch - 1) / std::max<index_t>(1, batch) * o.epochs;
  return std::max<index_t>(1, all / 40);
}

int run(const train_options& o) {
  network n = network_in(o.file, *o.how);
  require_loss(n, o.file);
  training how{real(0), o.epochs, o.batch, o.seed, !o.in_order && o.batch != 0};
  how.rate = rate_of(o.rate);
  std::optional<output_file> weights;  // a path that cannot be written is told before the work is done
  if (!o.weights.empty()) weights.emplace(o.weights);
  table rows = {{"epoch", "step", "loss before it", "norm of its gradient"}};
  index_t all = 0;
  try {
    const index_t every = line_every(n, o, all);
    train(n, how, [&](const training_step& s) {
      if ((s.number - 1) % every == 0 || s.number == all)
        rows.push_back(
            {std::to_string(s.epoch + 1), std::to_string(s.number), s.loss.decimal(20), s.gradient_norm.decimal(6)});
    });
  } catch (const invalid_input& e) {
    if (rows.size() > 1) print(rows);
    throw stop_with(exit_usage, fmt::format("{}: {}", o.file, e.what()));
  }
  print(rows);
  if (weights) write(*weights, weights_of(n));
  return exit_ok;
}

}  // namespace

void add_train(CLI::App& app, action& chosen) {
  auto o = std::make_shared<train_options>();
  CLI::App* c = app.add_subcommand("train", "Gradient descent on a network, in wide precision");
  c->add_option("file", o->file, "A description, backproof.net/1 (docs/networks.md)")->required();
  c->add_option("--rate", o->rate, "eta, a decimal number")->capture_default_str();
  c->add_option("--epochs", o->epochs, "How often every example is seen")->check(CLI::Range(1, 1000000));
  c->add_option("--batch", o->batch, "Examples in a step; all of them if not given, 1: stochastic gradient descent")
      ->check(CLI::Range(index_t{1}, index_t{1} << 40));
  c->add_option("--seed", o->seed, "Of the order of the examples")->check(CLI::NonNegativeNumber);
  c->add_flag("--in-order", o->in_order, "Take the examples as they come");
  c->add_option("--weights", o->weights, "Write the parameters in the end, as safetensors")->type_name("FILE");
  add_outside(*c, o->how);
  c->callback([o, &chosen] { chosen = [o] { return run(*o); }; });
}

}  // namespace backproof::cli
