// Pictures of graphs: nothing stands upon anything else, and every line joins what it should.
#include "backproof/network/graph/layout.hpp"

#include <cctype>
#include <cmath>

#include "backproof/network/graph/expression.hpp"
#include "support.hpp"

namespace backproof::tests::in_layout {

BOOST_AUTO_TEST_SUITE(layout)

using namespace backproof::networks;
using computational_graph = networks::graph;

namespace {

constexpr double apart = 40;  // a label's two lines of 15 pixels each, and a gate's radius of 20

// Whether a variable of one letter stands in it, which is no part of a function's name.
bool uses(const std::string& formula, char name) {
  const auto letter = [&](std::size_t k) { return k < formula.size() && std::isalpha(formula[k]) != 0; };
  for (std::size_t k = 0; k < formula.size(); ++k)
    if (formula[k] == name && !letter(k + 1) && (k == 0 || !letter(k - 1))) return true;
  return false;
}

std::vector<computational_graph> graphs() {
  std::vector<computational_graph> all;
  for (const char* formula : {"x", "x+y", "(x+y)*z", "1/(1+exp(-(x*y+z*x+y)))", "x*x*x*x + exp(x*x)*y + max(x,z)",
                              "x*x*x*x*x*x*x*x", "sum(x)*y-z*tanh(z*z)/x"}) {
    std::map<std::string, values<real>> named;
    for (const std::string name : {"x", "y", "z"})
      if (uses(formula, name[0])) named[name] = scalar_of(real(0.5));
    all.push_back(graph_of(formula, named).with_copy_gates());
  }
  return all;
}

double distance(const point& a, const point& b) { return std::hypot(a.x - b.x, a.y - b.y); }

void readable(const computational_graph& g, const placement& p) {
  std::vector<point> marks = p.nodes;
  BOOST_REQUIRE(p.nodes.size() == g.nodes().size());
  for (std::size_t k = 0; k < g.nodes().size(); ++k)
    for (std::size_t i = 0; i < g.nodes()[k].in.size(); ++i) {
      const drawn_edge& e = p.edges[k][i];
      BOOST_REQUIRE(e.line.size() >= 4);
      BOOST_TEST(e.line.size() % 3 == 1);
      BOOST_TEST(distance(e.line.front(), p.nodes[g.nodes()[k].in[i].node]) < 25);
      BOOST_TEST(distance(e.line.back(), p.nodes[k]) < 25);
      marks.push_back(e.label);
    }
  marks.push_back(p.out.label);
  for (std::size_t a = 0; a < marks.size(); ++a) {
    BOOST_TEST((marks[a].x >= 0 && marks[a].x <= p.width && marks[a].y >= 0 && marks[a].y <= p.height));
    for (std::size_t b = 0; b < a; ++b) BOOST_TEST(distance(marks[a], marks[b]) >= apart);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(in_layers) {
  for (const computational_graph& g : graphs()) readable(g, layered(g));
}

// The gate is right of its inputs, always.
BOOST_AUTO_TEST_CASE(from_left_to_right) {
  for (const computational_graph& g : graphs()) {
    const placement p = layered(g);
    for (std::size_t k = 0; k < g.nodes().size(); ++k)
      for (const port& in : g.nodes()[k].in) BOOST_TEST(p.nodes[in.node].x < p.nodes[k].x);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_layout
