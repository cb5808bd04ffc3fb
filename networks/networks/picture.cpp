#include "networks/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "backproof/config.hpp"
#include "networks/expression.hpp"

namespace backproof::networks {
namespace {

constexpr double column = 150, row = 92, margin = 40, radius = 20;

// Where each node stands. Gates stand in the column after the last of their inputs, leaves right before what uses them;
// within a column nodes are ordered by where their inputs stand, so that edges cross little.
class layout {
 public:
  explicit layout(const graph& g) : g_(g), layer_(g.nodes().size(), 0), at_(g.nodes().size(), 0) {
    for (std::size_t k = 0; k < g.nodes().size(); ++k)
      for (const port& p : g.nodes()[k].in) layer_[k] = std::max(layer_[k], layer_[p.node] + 1);
    for (std::size_t k = g.nodes().size(); k-- > 0;)
      for (const port& p : g.nodes()[k].in)
        if (g.nodes()[p.node].what == nullptr) first_use_[p.node] = k;
    for (const auto& [leaf, user] : first_use_) layer_[leaf] = layer_[user] - 1;
    for (const std::size_t l : layer_) layers_ = std::max(layers_, l + 1);
    order();
  }

  double x(std::size_t node) const { return margin + radius + static_cast<double>(layer_[node]) * column; }
  double y(std::size_t node) const { return margin + radius + at_[node] * row; }
  double width() const { return 2 * margin + 2 * radius + static_cast<double>(layers_) * column; }
  double height() const { return 2 * margin + 2 * radius + std::max(0.0, tallest_ - 1) * row + row / 2; }

 private:
  void order() {
    std::vector<std::vector<std::size_t>> members(layers_);
    for (std::size_t k = 0; k < layer_.size(); ++k) members[layer_[k]].push_back(k);
    for (auto& list : members) {
      tallest_ = std::max(tallest_, static_cast<double>(list.size()));
      for (std::size_t i = 0; i < list.size(); ++i) at_[list[i]] = static_cast<double>(i);
    }
    for (int sweep = 0; sweep < 4; ++sweep) {
      for (auto& list : members) settle(list);
      for (auto list = members.rbegin(); list != members.rend(); ++list) settle(*list);
    }
  }

  // Sorted by the mean of the neighbours' places, and centred.
  void settle(std::vector<std::size_t>& list) {
    std::map<std::size_t, double> wish;
    for (const std::size_t k : list) {
      double sum = 0, n = 0;
      for (const port& p : g_.nodes()[k].in) sum += at_[p.node], ++n;
      for (std::size_t user = 0; user < g_.nodes().size(); ++user)
        for (const port& p : g_.nodes()[user].in)
          if (p.node == k) sum += at_[user], ++n;
      wish[k] = n > 0 ? sum / n : at_[k];
    }
    std::stable_sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) { return wish[a] < wish[b]; });
    const double from = (tallest_ - static_cast<double>(list.size())) / 2;
    for (std::size_t i = 0; i < list.size(); ++i) at_[list[i]] = from + static_cast<double>(i);
  }

  const graph& g_;
  std::vector<std::size_t> layer_;
  std::vector<double> at_;
  std::map<std::size_t, std::size_t> first_use_;
  std::size_t layers_ = 1;
  double tallest_ = 1;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string symbol_of(const node& n) {
  static const std::map<std::string_view, std::string> signs = {
      {"add", "+"},  {"sub", "−"},   {"mul", "×"},        {"div", "÷"},     {"pow", "^"},
      {"neg", "−1"}, {"add_n", "Σ"}, {"reduce_sum", "Σ"}, {"sigmoid", "σ"}, {"sqrt", "√"}};
  if (n.what == nullptr) return n.name;
  const auto found = signs.find(n.what->info.name);
  return found == signs.end() ? std::string(n.what->info.name) : found->second;
}

void draw_edge(std::string& svg, double x0, double y0, double x1, double y1, const std::string& value,
               const std::string& gradient) {
  svg += fmt::format("<path d=\"M{:.1f} {:.1f} L{:.1f} {:.1f}\" class=\"edge\"/>\n", x0, y0, x1, y1);
  const double x = x0 + (x1 - x0) * 0.48, y = y0 + (y1 - y0) * 0.48;
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"value\">{}</text>\n", x, y - 6, escaped(value));
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"gradient\">{}</text>\n", x, y + 16, escaped(gradient));
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
  for (index i = 0; i < v.size(); ++i) list.push_back(v[i].decimal(digits));
  return list;
}

}  // namespace

std::string short_number(const values<real>& v, int digits) {
  if (!v.present()) return "";
  constexpr index readable = 4;
  const auto one = [digits](const real& x) { return plain(x, digits); };
  if (v.rank() == 0) return one(v[0]);
  std::string text;
  for (index i = 0; i < std::min(v.size(), readable); ++i) text += (i > 0 ? ", " : "") + one(v[i]);
  return "[" + text + (v.size() > readable ? ", ..." : "") + "]";
}

values<real> local_of(const graph& g, const flow& f, std::size_t k, std::size_t input) {
  const node& n = g.nodes()[k];
  if (n.outputs.size() > 1 || size_of(n.outputs[0]) != 1) return {};  // a copy: one to each; and vectors
  for (const port& p : n.in)
    if (size_of(g.shape_of(p)) != 1) return {};
  values<real> one(n.outputs[0]);
  one[0] = 1;
  return pulled_back(n, f, {one})[input];
}

std::string svg_of(const graph& g, const flow& f) {
  const layout at(g);
  std::string edges, nodes;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    for (std::size_t i = 0; i < n.in.size(); ++i) {
      const port p = n.in[i];
      draw_edge(edges, at.x(p.node), at.y(p.node), at.x(k), at.y(k), short_number(f.value[p.node][p.output]),
                short_number(f.downstream[k][i]));
    }
    draw_node(nodes, n, at.x(k), at.y(k));
  }
  const port out = g.output();
  draw_edge(edges, at.x(out.node), at.y(out.node), at.x(out.node) + column, at.y(out.node),
            short_number(f.value[out.node][out.output]), short_number(f.gradient(out)));
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
             "height=\"{1:.0f}\">\n",
             at.width() + 30, at.height()) +
         "<style>text{font:15px sans-serif;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}"
         ".edge{stroke:#888;stroke-width:1.5;fill:none}.gate{fill:#f4f4f4;stroke:#333;stroke-width:1.5}.copy{fill:#333}"
         ".value{fill:#06802a}.gradient{fill:#c01818}.leaf{font-weight:bold}.sign{stroke:none}</style>\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         edges + nodes + "</svg>\n";
}

std::string html_of(const std::string& formula, const graph& g, const flow& f) {
  std::string rows;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"v\">{}</td><td class=\"g\">{}</td><td>{}</td></tr>\n",
                        escaped(n.name), n.what == nullptr ? "" : escaped(formula_of(g, k)),
                        escaped(short_number(f.value[k][0], 20)), escaped(short_number(f.upstream[k][0], 20)),
                        escaped(std::string(pattern_of(n))));
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n"
      "<style>body{{font:16px sans-serif;margin:2em;max-width:70em}}svg{{max-width:100%;height:auto}}"
      "table{{border-collapse:collapse}}td,th{{padding:.25em .8em;text-align:left;border-bottom:1px solid #ddd}}"
      ".v{{color:#06802a}}.g{{color:#c01818}}</style></head>\n<body><h1>{0}</h1>\n"
      "<p>On every edge: its <span class=\"v\">value</span>, and below it the <span class=\"g\">gradient</span> "
      "of the output with respect to it.</p>\n{1}"
      "<table><tr><th>gate</th><th>computes</th><th>value</th><th>gradient</th><th>pattern</th></tr>\n{2}"
      "</table></body></html>\n",
      escaped(formula), svg_of(g, f), rows);
}

std::string json_of(const std::string& formula, const graph& g, const flow& f) {
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
  return document.dump(2) + "\n";
}

}  // namespace backproof::networks
