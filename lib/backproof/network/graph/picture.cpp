#include "backproof/network/graph/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "backproof/base/config.hpp"
#include "backproof/base/report_json.hpp"
#include "backproof/base/text.hpp"
#include "backproof/network/graph/expression.hpp"
#include "backproof/network/graph/layout.hpp"

namespace backproof::networks {
namespace {

constexpr double radius = 20;

std::string symbol_of(const node& n) {
  static const std::map<std::string_view, std::string> signs = {
      {"add", "+"},  {"sub", "−"},   {"mul", "×"},        {"div", "÷"},     {"pow", "^"},
      {"neg", "−1"}, {"add_n", "Σ"}, {"reduce_sum", "Σ"}, {"sigmoid", "σ"}, {"sqrt", "√"}};
  if (n.what == nullptr) return n.name;
  const auto found = signs.find(n.what->info.name);
  return found == signs.end() ? std::string(n.what->info.name) : found->second;
}

void draw_edge(std::string& lines, std::string& labels, const drawn_edge& edge, const std::string& value,
               const std::string& gradient) {
  const auto& [c, at] = edge;
  if (c.empty()) return;
  lines += fmt::format("<path d=\"M{:.1f} {:.1f}", c[0].x, c[0].y);
  for (std::size_t k = 1; k < c.size(); ++k)
    lines += fmt::format("{}{:.1f} {:.1f}", k % 3 == 1 ? " C" : " ", c[k].x, c[k].y);
  lines += "\" class=\"edge\"/>\n";
  labels += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"value\">{}</text>\n", at.x, at.y - 5, escaped(value));
  labels +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"gradient\">{}</text>\n", at.x, at.y + 16, escaped(gradient));
}

void draw_node(std::string& svg, const node& n, double x, double y) {
  if (n.what != nullptr && n.what->info.name == "copy") {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"copy\"/>\n", x, y);
    return;
  }
  if (n.what != nullptr)
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" class=\"gate\"/>\n", x, y, radius);
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y + 5,
                     n.what == nullptr ? "leaf" : "sign", escaped(symbol_of(n)));
}

// So many significant digits, without an exponent where that is readable: 0.19661193324148185255, 1e-40.
std::string plain(const real& x, int digits) {
  if (!isfinite(x) || x == real(0)) return fmt::format("{:g}", static_cast<double>(x) + 0.0);
  std::string text = x.decimal(digits);  // d.ddde[+-]xx
  const std::size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  std::string mantissa = text.substr(0, e);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  if (exponent < -5 || exponent >= digits) return mantissa + fmt::format("e{}", exponent);
  const std::string sign = mantissa[0] == '-' ? "-" : "";
  std::string all;
  for (const char c : mantissa)
    if (c >= '0' && c <= '9') all += c;
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + all;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (all.size() <= whole) return sign + all + std::string(whole - all.size(), '0');
  return sign + all.substr(0, whole) + "." + all.substr(whole);
}

nlohmann::ordered_json numbers(const values<real>& v) {
  if (!v.present()) return nullptr;
  const int digits = BACKPROOF_DIGITS;
  if (v.rank() == 0) return v[0].decimal(digits);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (index_t i = 0; i < v.size(); ++i) list.push_back(v[i].decimal(digits));
  return list;
}

}  // namespace

std::string short_number(const values<real>& v, int digits) {
  if (!v.present()) return "";
  constexpr index_t readable = 4;
  const auto one = [digits](const real& x) { return plain(x, digits); };
  if (v.rank() == 0) return one(v[0]);
  std::string text;
  for (index_t i = 0; i < std::min(v.size(), readable); ++i) text += (i > 0 ? ", " : "") + one(v[i]);
  return "[" + text + (v.size() > readable ? ", ..." : "") + "]";
}

values<real> local_of(const graph& g, const evaluation& f, std::size_t k, std::size_t input) {
  const node& n = g.nodes()[k];
  if (n.outputs.size() > 1 || size_of(n.outputs[0]) != 1) return {};  // a copy: one to each; and vectors
  for (const port& p : n.in)
    if (size_of(g.shape_of(p)) != 1) return {};
  values<real> one(n.outputs[0]);
  one[0] = 1;
  return pulled_back(n, f, {one})[input];
}

// On an edge there is room for a number of four digits, or for the beginning of a vector.
std::string label_of(const values<real>& v) {
  if (!v.present() || v.rank() == 0) return short_number(v);
  const std::string first = plain(v[0], 3);
  return v.size() == 1 ? "[" + first + "]" : "[" + first + ", ...]";
}

struct labels_of_edge {
  std::string value, gradient;
};

labels_of_edge labels_at(const graph& g, const evaluation& f, std::size_t k, std::size_t i) {
  const port p = g.nodes()[k].in[i];
  // The gradient of a number in a formula is nobody's business.
  return {label_of(f.value[p.node][p.output]), g.nodes()[p.node].constant ? "" : label_of(f.downstream[k][i])};
}

room room_for(const graph& g, const evaluation& f) {
  constexpr double letter = 8.5;
  const auto width = [](const std::string& text) { return letter * static_cast<double>(text.size()); };
  room r;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    if (g.nodes()[k].what == nullptr) r.leaf = std::max(r.leaf, width(g.nodes()[k].name));
    for (std::size_t i = 0; i < g.nodes()[k].in.size(); ++i) {
      if (g.nodes()[k].in[i] == no_port) continue;
      const labels_of_edge l = labels_at(g, f, k, i);
      r.label = std::max({r.label, width(l.value), width(l.gradient)});
    }
  }
  r.label += std::max(0.0, r.leaf / 2 - 40);  // the edge begins under the name
  return r;
}

std::string svg_of(const graph& g, const evaluation& f) {
  const placement at = layered(g, room_for(g, f));
  std::string lines, nodes, labels;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    for (std::size_t i = 0; i < n.in.size(); ++i) {
      const labels_of_edge l = labels_at(g, f, k, i);
      draw_edge(lines, labels, at.edges[k][i], l.value, l.gradient);
    }
    draw_node(nodes, n, at.nodes[k].x, at.nodes[k].y);
  }
  const port out = g.output();
  draw_edge(lines, labels, at.out, label_of(f.value[out.node][out.output]), label_of(f.gradient(out)));
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
             "height=\"{1:.0f}\" role=\"img\">\n<title>A computational graph: values above the edges, gradients "
             "below</title>\n",
             at.width, at.height) +
         "<style>text{font:15px sans-serif;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}"
         ".edge{stroke:#888;stroke-width:1.5;fill:none}.gate{fill:#f4f4f4;stroke:#333;stroke-width:1.5}.copy{fill:#333}"
         ".value{fill:#06802a}.gradient{fill:#c01818}.leaf{font-weight:bold;stroke-width:12px}.sign{stroke:none}</"
         "style>\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         lines + nodes + labels + "</svg>\n";
}

std::string gradient_text(const node& n, const evaluation& f, std::size_t k, int digits) {
  if (n.constant) return "";
  const bool copy = n.what != nullptr && n.what->info.name == "copy";
  return short_number(copy ? f.downstream[k][0] : f.upstream[k][0], digits);
}

std::string html_of(const std::string& formula, const graph& g, const evaluation& f) {
  std::string rows;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"v\">{}</td><td class=\"g\">{}</td><td>{}</td></tr>\n",
                        escaped(n.name), n.what == nullptr ? "" : escaped(formula_of(g, k)),
                        escaped(short_number(f.value[k][0], 20)), escaped(gradient_text(n, f, k, 20)),
                        escaped(std::string(pattern_of(n))));
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n"
      "<style>body{{font:16px sans-serif;margin:2em;max-width:90em}}.picture{{overflow-x:auto}}"
      "table{{border-collapse:collapse}}td,th{{padding:.25em .8em;text-align:left;border-bottom:1px solid #ddd}}"
      ".v{{color:#06802a}}.g{{color:#c01818}}</style></head>\n<body><h1>{0}</h1>\n"
      "<p>On every edge: its <span class=\"v\">value</span>, and below it the <span class=\"g\">gradient</span> "
      "of the output with respect to it.</p>\n<div class=\"picture\">{1}</div>\n"
      "<table><tr><th>gate</th><th>computes</th><th>value</th><th>gradient</th><th>pattern</th></tr>\n{2}"
      "</table></body></html>\n",
      escaped(formula), svg_of(g, f), rows);
}

std::string json_of(const std::string& formula, const graph& g, const evaluation& f) {
  using json = nlohmann::ordered_json;
  json nodes = json::array(), edges = json::array();
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    nodes.push_back({{"id", k},
                     {"name", n.name},
                     {"op", n.what == nullptr ? json(nullptr) : json(n.what->wire_name())},
                     {"formula", formula_of(g, k)},
                     {"value", numbers(f.value[k][0])},
                     {"gradient", numbers(f.upstream[k][0])},
                     {"pattern", pattern_of(n)}});
    for (std::size_t i = 0; i < n.in.size(); ++i)
      edges.push_back({{"from", n.in[i].node},
                       {"output", n.in[i].output},
                       {"to", k},
                       {"input", i},
                       {"value", numbers(f.value[n.in[i].node][n.in[i].output])},
                       {"upstream", numbers(f.upstream[k][0])},
                       {"local", numbers(local_of(g, f, k, i))},
                       {"downstream", numbers(f.downstream[k][i])}});
  }
  const json document = {{"schema", "backproof.graph/1"},
                         {"formula", formula},
                         {"output", g.output().node},
                         {"nodes", nodes},
                         {"edges", edges}};
  return report_json(document, 2) + "\n";
}

}  // namespace backproof::networks
