// backproof train: gradient descent on a network, in wide precision.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "backproof/safetensors.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/networks.hpp"
#include "cli/table.hpp"
#include "networks/step.hpp"
#include "networks/training.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::networks;

struct options {
  std::string file, rate = "0.1", weights;
  index epochs = 10, batch = 0;
  std::uint64_t seed = 1;
  bool in_order = false;
};

safetensors weights_of(const network& n) {
  safetensors s;
  for (const port& p : n.parameters) {
    const values<real>& w = n.g.nodes()[p.node].value;
    tensor t(dtype::f64, w.dims());
    for (index i = 0; i < w.size(); ++i) t.set(i, static_cast<double>(w[i]));
    s.tensors.emplace_back(n.name_of(p), std::move(t));
  }
  return s;
}

int run(const options& o) {
  network n = network_in(o.file);
  require_loss(n, o.file);
  training how{real(0), o.epochs, o.batch, o.seed, !o.in_order && o.batch != 0};
  try {
    how.rate = real(o.rate);
  } catch (const std::exception&) {
    throw stop_with(exit_usage, fmt::format("--rate {} is no number", o.rate));
  }
  table rows = {{"epoch", "step", "loss before it", "norm of its gradient"}};
  const index lines = 40;  // the first and the last, and some between
  const index per_epoch =
      (examples_in(n) + (o.batch == 0 ? 0 : o.batch - 1)) / (o.batch == 0 ? examples_in(n) : o.batch);
  const index all = per_epoch * o.epochs, every = std::max<index>(1, all / lines);
  try {
    train(n, how, [&](const training_step& s) {
      if ((s.number - 1) % every == 0 || s.number == all)
        rows.push_back(
            {std::to_string(s.epoch + 1), std::to_string(s.number), s.loss.decimal(20), s.gradient_norm.decimal(6)});
    });
  } catch (const std::invalid_argument& e) {
    print(rows);
    throw stop_with(exit_usage, fmt::format("{}: {}", o.file, e.what()));
  }
  print(rows);
  if (!o.weights.empty()) write_file(o.weights, weights_of(n));
  return exit_ok;
}

}  // namespace

void add_train(CLI::App& app, action& chosen) {
  auto o = std::make_shared<options>();
  CLI::App* c = app.add_subcommand("train", "Gradient descent on a network, in wide precision");
  c->add_option("file", o->file, "A description, backproof.net/1 (docs/networks.md)")->required();
  c->add_option("--rate", o->rate, "eta, a decimal number")->capture_default_str();
  c->add_option("--epochs", o->epochs, "How often every example is seen")->check(CLI::Range(1, 1000000));
  c->add_option("--batch", o->batch, "Examples in a step; all of them if not given, 1: stochastic gradient descent")
      ->check(CLI::PositiveNumber);
  c->add_option("--seed", o->seed, "Of the order of the examples");
  c->add_flag("--in-order", o->in_order, "Take the examples as they come");
  c->add_option("--weights", o->weights, "Write the parameters in the end, as safetensors")->type_name("FILE");
  c->callback([o, &chosen] { chosen = [o] { return run(*o); }; });
}

}  // namespace backproof::cli
