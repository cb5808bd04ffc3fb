// A formula in the first line, then its variables, "x=1,2", one a line: the graph, its values and gradients, and the
// pictures of it.
#include "backproof/network/graph/expression.hpp"
#include "backproof/network/graph/picture.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

std::string next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string line(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace

void try_to_read(std::string_view bytes) {
  const std::string formula = next_line(bytes);
  std::map<std::string, values<real>> variables;
  while (!bytes.empty()) {
    const std::string line = next_line(bytes);
    const std::size_t sign = line.find('=');
    if (sign == std::string::npos) return;
    variables.emplace(line.substr(0, sign), networks::values_of(line.substr(sign + 1)));
  }
  const networks::graph g = networks::graph_of(formula, variables).with_copy_gates();
  const networks::evaluation f = networks::evaluate(g);
  networks::svg_of(g, f);
  networks::html_of(formula, g, f);
  networks::json_of(formula, g, f);
}

std::vector<std::string> seeds() {
  return {"(x+y)*z\nx=-2\ny=5\nz=-4", "sigmoid(w0*x0+w1*x1+w2)\nw0=2\nx0=-1\nw1=-3\nx1=-2\nw2=-3",
          "sum(max(x,y))/2^-x1e\nx=1,2,3\ny=2,1,3\nx1e=1e-3", "-exp(log(abs(a)))*tanh(sqrt(relu(a)))-min(a,.5e1)\na=4"};
}

}  // namespace backproof::fuzz
