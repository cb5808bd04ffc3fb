// backproof net: what a network is made of, its loss, and its gradient in wide precision.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "backproof/network/audit/step.hpp"
#include "backproof/network/graph/picture.hpp"
#include "backproof/network/graph/summary.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/networks.hpp"
#include "cli/output_file.hpp"
#include "cli/print.hpp"
#include "cli/reading_options.hpp"
#include "cli/table.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::networks;

struct net_options {
  std::string file, json, step;
  bool gradient = false;
  std::shared_ptr<reading> how;
};

std::string grouped(index_t n) {
  std::string s = std::to_string(n);
  for (std::size_t k = s.size(); k > 3; k -= 3) s.insert(k - 3, ",");
  return s;
}

std::string times(const shape& s) { return fmt::format("{}", fmt::join(s, "x")); }

real norm_of(const values<real>& v) {
  real squares = 0;
  for (index_t i = 0; i < v.size(); ++i) squares += v[i] * v[i];
  return sqrt(squares);
}

void print_layers(const network& n, const network_summary& s) {
  table rows = {{"layer", "op", "output", "parameters", "multiply-adds", "sees"}};
  for (const port& p : n.inputs) rows.push_back({n.name_of(p), "", to_string(n.g.shape_of(p))});
  for (const layer_summary& l : s.layers)
    rows.push_back({l.name, l.op, to_string(l.output), l.parameters == 0 ? "" : grouped(l.parameters),
                    l.multiply_adds == 0 ? "" : grouped(l.multiply_adds), times(l.field)});
  print(rows);
  print("\n{} layers, {} parameters, {} multiply-adds forwards for this batch\n", s.layers.size(),
        grouped(s.parameters), grouped(s.multiply_adds));
}

void print_gradient(const network& n, const evaluation& f) {
  const port out = n.g.output();
  print("\n{} = {}\n\n", n.name_of(out), short_number(f.value[out.node][out.output], 20));
  table rows = {{"parameter", "shape", "initial", "norm", "norm of its gradient"}};
  for (const port& p : n.parameters)
    rows.push_back({n.name_of(p), to_string(n.g.shape_of(p)), n.initial.at(n.name_of(p)),
                    fmt::format("{:.6g}", static_cast<double>(norm_of(f.value[p.node][0]))),
                    fmt::format("{:.12g}", static_cast<double>(norm_of(f.gradient(p))))});
  print(rows);
}

int show(const net_options& o) {
  const network n = network_in(o.file, *o.how);
  const network_summary s = summary_of(n);
  write(o.json, json_of(n, s));
  if (!o.gradient && o.step.empty()) {
    print_layers(n, s);
    return exit_ok;
  }
  require_loss(n, o.file);
  std::optional<output_file> step;
  if (!o.step.empty()) step.emplace(o.step);
  const evaluation f = evaluated(n, o.file);
  if (step) write(*step, step_of(n, f));
  print_layers(n, s);
  if (o.gradient) print_gradient(n, f);
  return exit_ok;
}

}  // namespace

void add_net(CLI::App& app, action& chosen) {
  auto o = std::make_shared<net_options>();
  CLI::App* c = app.add_subcommand("net", "Shapes, parameters and multiply-adds of a network, and its gradient");
  c->add_option("file", o->file, "A description, backproof.net/1 (docs/networks.md), or an ONNX model, *.onnx")
      ->required();
  c->add_flag("--gradient", o->gradient, "Print the loss, and the norm of its gradient by each parameter");
  c->add_option("--json", o->json, "Write the summary (backproof.net-summary/1)")->type_name("FILE");
  c->add_option("--step", o->step, "Write all values and gradients of one step as safetensors")->type_name("FILE");
  o->how = add_reading(*c);
  c->callback([o, &chosen] { chosen = [o] { return show(*o); }; });
}

}  // namespace backproof::cli
