// Layout by Graphviz's program, dot.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "backproof/network/graph/layout.hpp"

namespace backproof::networks {
namespace {

constexpr double margin = 60;
constexpr double inch = 72;

// To Graphviz the labels are nodes in the middle of their edges, so that it keeps room for them, and they stay on the
// line. Their numbers follow those of the graph's own nodes, input by input.
std::string dot_of(const graph& g, const room& needed) {
  std::string dot = "digraph g { rankdir=LR; ranksep=0.18; nodesep=0.25; edge [arrowhead=none];\n";
  std::size_t label = g.nodes().size();
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const bool copy = g.nodes()[k].what != nullptr && g.nodes()[k].what->info.name == "copy";
    dot += fmt::format("{} [shape=circle fixedsize=true width={} label=\"\"];\n", k, copy ? 0.14 : 0.56);
    for (const port& p : g.nodes()[k].in) {
      if (p == no_port) continue;
      dot +=
          fmt::format("{0} [shape=box fixedsize=true width={3:.2f} height=0.55 label=\"\"]; {1} -> {0}; {0} -> {2};\n",
                      label++, p.node, k, needed.label / inch);
    }
  }
  return dot + "}\n";
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char block[4096];
  for (std::size_t n; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, n);
  return ::pclose(pipe) == 0 ? text : "";
}

// What dot -Tplain says: "graph 1 W H", "node NAME X Y ...", "edge TAIL HEAD N x y ... ", in inches, from below.
struct plain_drawing {
  double width = 0, height = 0;
  std::map<std::size_t, point> nodes;
  std::map<std::pair<std::size_t, std::size_t>, curve> edges;
};

plain_drawing read_plain(const std::string& text) {
  plain_drawing d;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    const auto at = [&] {
      double x = 0, y = 0;
      words >> x >> y;
      return point{margin / 2 + x * inch, margin / 2 + (d.height - y) * inch};
    };
    std::size_t a = 0, b = 0, n = 0;
    double scale = 0;
    if (kind == "graph") words >> scale >> d.width >> d.height;
    if (kind == "node" && words >> a) d.nodes[a] = at();
    if (kind == "edge" && words >> a >> b >> n)
      for (std::size_t i = 0; i < std::min<std::size_t>(n, 1000); ++i) d.edges[{a, b}].push_back(at());
  }
  return d;
}

// Through the label from one half to the other.
drawn_edge joined(const plain_drawing& d, std::size_t from, std::size_t label, std::size_t to) {
  curve c = d.edges.at({from, label});
  const curve& rest = d.edges.at({label, to});
  const point a = c.back(), b = rest.front();
  c.insert(c.end(), {{a.x + (b.x - a.x) / 3, a.y}, {b.x - (b.x - a.x) / 3, b.y}, b});
  c.insert(c.end(), rest.begin() + 1, rest.end());
  return {std::move(c), d.nodes.at(label)};
}

placement placed(const graph& g, const plain_drawing& d, const room& needed) {
  placement p;
  std::size_t label = g.nodes().size();
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    p.nodes.push_back(d.nodes.at(k));
    p.edges.emplace_back();
    for (const port& in : g.nodes()[k].in)
      p.edges[k].push_back(in == no_port ? drawn_edge{} : joined(d, in.node, label++, k));
  }
  const double last = needed.label + 60, aside = std::max(0.0, needed.leaf / 2 - 40);
  for (point& n : p.nodes) n.x += aside;
  for (auto& list : p.edges)
    for (drawn_edge& e : list) {
      for (point& c : e.line) c.x += aside;
      e.label.x += aside;
    }
  p.width = margin + d.width * inch + last + aside, p.height = margin + d.height * inch;
  p.out = leaving(p.nodes[g.output().node], last);
  return p;
}

}  // namespace

std::optional<placement> by_graphviz(const graph& g, const room& needed) {
  constexpr std::size_t most = 500;
  if (g.nodes().size() > most) return std::nullopt;
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("backproof-{}.dot", ::getpid())).string();
  std::ofstream(path) << dot_of(g, needed);
  const std::string plain = output_of("dot -Tplain '" + path + "' 2>/dev/null");
  std::filesystem::remove(path);
  try {
    return placed(g, read_plain(plain), needed);
  } catch (const std::out_of_range&) {  // no dot, or one that has left something out
    return std::nullopt;
  }
}

}  // namespace backproof::networks
