#include "backproof/network/graph/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"

namespace backproof::networks {
namespace {

constexpr std::size_t most_text = limits::formula_bytes, most_elements = limits::formula_elements;
constexpr int most_depth = limits::formula_levels;

class parser {
 public:
  parser(const std::string& text, const std::map<std::string, values<real>>& variables)
      : text_(text), variables_(variables) {}

  graph parse() {
    if (text_.size() > most_text) throw invalid_input("the formula is too long");
    const port out = sum();
    skip();
    if (at_ != text_.size()) trouble("something is left over");
    for (const auto& [name, value] : variables_)
      if (!leaves_.contains(name)) throw invalid_input(fmt::format("the formula has no variable {}", quotable(name)));
    g_.set_output(out);
    return std::move(g_);
  }

 private:
  [[noreturn]] void trouble(const std::string& what) const {
    throw invalid_input(fmt::format("formula, at character {}: {}", at_ + 1, what));
  }

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) trouble(fmt::format("expected {}", c));
  }

  // Counts how deep the formula is nested while it lives.
  class level {
   public:
    explicit level(parser& p) : p_(p) {
      if (++p_.depth_ > most_depth) p_.trouble(fmt::format("nested more than {} deep", most_depth));
    }
    ~level() { --p_.depth_; }
    level(const level&) = delete;

   private:
    parser& p_;
  };

  port apply(const char* op, std::vector<port> in) {
    try {
      attributes a;
      return g_.apply(op, a, std::move(in));
    } catch (const invalid_input& e) {
      trouble(e.what());
    }
  }

  port sum() {
    const level here(*this);
    port p = product();
    while (true) {
      if (take('+'))
        p = apply("add", {p, product()});
      else if (take('-'))
        p = apply("sub", {p, product()});
      else
        return p;
    }
  }

  port product() {
    port p = power();
    while (true) {
      if (take('*'))
        p = apply("mul", {p, power()});
      else if (take('/'))
        p = apply("div", {p, power()});
      else
        return p;
    }
  }

  port power() {
    const level here(*this);
    if (take('-')) return apply("neg", {power()});
    const port p = atom();
    return take('^') ? apply("pow", {p, power()}) : p;
  }

  port atom() {
    skip();
    if (take('(')) {
      const port p = sum();
      expect(')');
      return p;
    }
    if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.'))
      return number();
    const std::string name = identifier();
    if (name.empty())
      trouble(at_ < text_.size() ? fmt::format("cannot read '{}'", printable()) : "the formula ends too soon");
    return take('(') ? function(name) : variable(name);
  }

  std::string printable() const {
    return std::isprint(static_cast<unsigned char>(text_[at_])) ? std::string(1, text_[at_]) : std::string("?");
  }

  std::string identifier() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  port number() {
    const std::size_t begin = at_;
    const auto digits = [&] {
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.') ++at_, digits();
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      digits();
    }
    const std::string text = text_.substr(begin, at_ - begin);
    return g_.leaf(text, values_of(text), true);
  }

  port variable(const std::string& name) {
    if (const auto known = leaves_.find(name); known != leaves_.end()) return known->second;
    const auto value = variables_.find(name);
    if (value == variables_.end()) trouble(fmt::format("{} has no value: give {}=NUMBER", name, name));
    return leaves_[name] = g_.leaf(name, value->second);
  }

  port function(const std::string& name) {
    std::vector<port> in{sum()};
    while (take(',')) in.push_back(sum());
    expect(')');
    static const std::set<std::string> of_one = {"exp", "log", "sqrt", "sigmoid", "tanh", "relu", "abs"};
    if (of_one.contains(name)) {
      if (in.size() != 1) trouble(fmt::format("{} takes one operand", name));
      return apply(name.c_str(), std::move(in));
    }
    if (name == "max" || name == "min") return apply(name.c_str(), std::move(in));
    if (name == "sum") return in.size() == 1 ? sum_of_elements(in[0]) : apply("add_n", std::move(in));
    trouble(fmt::format("unknown function {}: exp log sqrt sigmoid tanh relu abs max min sum", name));
  }

  port sum_of_elements(port p) {
    attributes a;
    std::vector<std::int64_t> axes(g_.shape_of(p).size());
    for (std::size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<std::int64_t>(k);
    a.set("axes", axes);
    a.set("keepdims", std::int64_t{0});
    return g_.apply("reduce_sum", a, {p});
  }

  const std::string& text_;
  const std::map<std::string, values<real>>& variables_;
  graph g_;
  std::map<std::string, port> leaves_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

graph graph_of(const std::string& formula, const std::map<std::string, values<real>>& variables) {
  return parser(formula, variables).parse();
}

values<real> values_of(const std::string& text) {
  std::vector<real> list;
  for (std::size_t at = 0;;) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, comma - at);
    const bool numeric = one.size() < 200 && one.find_first_of("0123456789") != std::string::npos &&
                         one.find_first_not_of("0123456789.eE+-") == std::string::npos;
    if (!numeric || list.size() >= most_elements)
      throw invalid_input(fmt::format("'{}' is no number", quotable(one, 40)));
    try {
      list.emplace_back(one);
    } catch (const invalid_input&) {
      throw invalid_input(fmt::format("'{}' is no number", quotable(one, 40)));
    }
    if (!isfinite(list.back())) throw invalid_input(fmt::format("'{}' is too large", quotable(one, 40)));
    if (comma == text.size()) break;
    at = comma + 1;
  }
  if (text.find(',') == std::string::npos) return scalar_of(list[0]);
  values<real> v{shape{static_cast<index_t>(list.size())}};
  for (std::size_t i = 0; i < list.size(); ++i) v[static_cast<index_t>(i)] = list[i];
  return v;
}

std::string formula_of(const graph& g, std::size_t k) {
  const node& n = g.nodes()[k];
  if (n.what == nullptr) return n.name;
  std::vector<std::string> in;
  for (const port& p : n.in) in.push_back(g.nodes()[p.node].name);
  static const std::map<std::string_view, const char*> infix = {
      {"add", "+"}, {"sub", "-"}, {"mul", "*"}, {"div", "/"}, {"pow", "^"}};
  if (const auto sign = infix.find(n.what->info.name); sign != infix.end() && in.size() == 2)
    return fmt::format("{} {} {}", in[0], sign->second, in[1]);
  if (n.what->info.name == "neg") return "-" + in[0];
  std::string list;
  for (const std::string& one : in) list += (list.empty() ? "" : ", ") + one;
  return fmt::format("{}({})", n.what->info.name, list);
}

}  // namespace backproof::networks
