// backproof graph: forward values and gradients on every edge of a formula's graph.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "backproof/base/text.hpp"
#include "backproof/network/graph/expression.hpp"
#include "backproof/network/graph/picture.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output_file.hpp"
#include "cli/print.hpp"
#include "cli/table.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::networks;

struct graph_options {
  std::string formula;
  std::vector<std::string> variables;
  std::string json, svg, html;
};

std::map<std::string, values<real>> variables_of(const std::vector<std::string>& list) {
  std::map<std::string, values<real>> variables;
  for (const std::string& text : list) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0)
      throw invalid_input(fmt::format("'{}' is not of the form NAME=VALUE", quotable(text, 40)));
    if (!variables.emplace(text.substr(0, sign), values_of(text.substr(sign + 1))).second)
      throw invalid_input(fmt::format("{} is given twice", quotable(text.substr(0, sign))));
  }
  return variables;
}

constexpr int digits = 20;

void print_gates(const graph& g, const evaluation& f) {
  table rows = {{"gate", "computes", "value", "gradient", "pattern"}};
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    rows.push_back({n.name, n.what == nullptr ? "" : formula_of(g, k), short_number(f.value[k][0], digits),
                    gradient_text(n, f, k, digits), std::string(pattern_of(n))});
  }
  print(rows);
}

void print_edges(const graph& g, const evaluation& f) {
  table rows = {{"edge", "value", "upstream", "local", "downstream"}};
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    if (n.what == nullptr || n.what->info.name == "copy") continue;
    for (std::size_t i = 0; i < n.in.size(); ++i) {
      const port p = n.in[i];
      rows.push_back({g.nodes()[p.node].name + " -> " + n.name, short_number(f.value[p.node][p.output], digits),
                      short_number(f.upstream[k][0], digits), short_number(local_of(g, f, k, i), digits),
                      short_number(f.downstream[k][i], digits)});
    }
  }
  print(rows);
}

// Why backpropagation: what the definition would cost.
void print_paths(const graph& g) {
  std::size_t paths = 0, products = 0, edges = 0;
  for (const node& n : g.nodes()) edges += n.in.size();
  try {
    for (std::size_t k = 0; k < g.nodes().size(); ++k) {
      if (g.nodes()[k].what != nullptr || g.nodes()[k].constant) continue;
      const path_sum s = sum_over_paths(g, k, 100'000);
      paths += s.paths, products += s.products;
    }
  } catch (const invalid_input&) {
    return;  // vectors, or too many paths to count
  }
  print(
      "\n{} path{} from the output to the variables: {} local derivatives to multiply one by one; here each of the {} "
      "edges took one\n",
      paths, paths == 1 ? "" : "s", products, edges);
}

int show(const graph_options& o) {
  const graph plain = graph_of(o.formula, variables_of(o.variables));
  const graph g = plain.with_copy_gates();
  const evaluation f = evaluate(g);
  write(o.json, json_of(o.formula, g, f));
  write(o.svg, svg_of(g, f));
  write(o.html, html_of(o.formula, g, f));
  print("{} = {}\n\n", o.formula, short_number(f.value[g.output().node][g.output().output], digits));
  print_gates(g, f);
  print("\n");
  print_edges(g, f);
  print_paths(plain);
  return exit_ok;
}

}  // namespace

void add_graph(CLI::App& app, action& chosen) {
  auto o = std::make_shared<graph_options>();
  CLI::App* c = app.add_subcommand("graph", "Values and gradients on every edge of a formula's graph");
  c->add_option("formula", o->formula, "+ - * / ^, exp log sqrt sigmoid tanh relu abs max min sum")->required();
  c->add_option("variables", o->variables, "NAME=NUMBER, or NAME=1,2,3 for a vector");
  c->add_option("--json", o->json, "Write the graph with all digits (backproof.graph/1)")->type_name("FILE");
  c->add_option("--svg", o->svg, "Write a picture")->type_name("FILE");
  c->add_option("--html", o->html, "Write a page with the picture and a table")->type_name("FILE");
  c->callback([o, &chosen] { chosen = [o] { return show(*o); }; });
}

}  // namespace backproof::cli
