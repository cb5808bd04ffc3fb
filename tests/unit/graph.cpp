// Computational graphs, as the backpropagation lectures draw them: values forwards, gradients backwards, on every edge.
#include "backproof/network/graph/graph.hpp"

#include "backproof/network/graph/descent.hpp"
#include "backproof/network/graph/expression.hpp"
#include "backproof/network/graph/picture.hpp"
#include "support.hpp"

namespace backproof::tests::in_graph {

BOOST_AUTO_TEST_SUITE(graph)

using namespace backproof::networks;
using variables = std::map<std::string, values<real>>;
using formula_graph = networks::graph;

namespace {

struct evaluated {
  explicit evaluated(const std::string& formula, const variables& at)
      : plain(graph_of(formula, at)), g(plain.with_copy_gates()), f(evaluate(g)) {}

  std::size_t named(const std::string& name) const {
    for (std::size_t k = 0; k < g.nodes().size(); ++k)
      if (g.nodes()[k].name == name) return k;
    throw invalid_input("no node " + name);
  }
  real value(const std::string& name) const { return f.value[named(name)][0][0]; }
  real gradient(const std::string& name) const { return f.upstream[named(name)][0][0]; }

  formula_graph plain, g;
  evaluation f;
};

const real tight = ldexp(real(1), -150);

}  // namespace

// (x + y) z of the seed 002 lecture.
BOOST_AUTO_TEST_CASE(three_gates_of_the_lecture) {
  const evaluated e("(x+y)*z", {{"x", scalar_of(-2)}, {"y", scalar_of(5)}, {"z", scalar_of(-4)}});
  BOOST_TEST((e.value("q1") == real(3) && e.value("q2") == real(-12)));
  BOOST_TEST((e.gradient("x") == real(-4) && e.gradient("y") == real(-4) && e.gradient("z") == real(3)));
  BOOST_TEST((e.gradient("q1") == real(-4) && e.gradient("q2") == real(1)));
}

// The sigmoid circuit at w = (2, -3, -3), x = (-1, -2): its argument is 1, and every gradient a small multiple of
// s'(1) = s(1) s(-1).
BOOST_AUTO_TEST_CASE(the_sigmoid_circuit) {
  const variables at = {
      {"w0", scalar_of(2)}, {"x0", scalar_of(-1)}, {"w1", scalar_of(-3)}, {"x1", scalar_of(-2)}, {"w2", scalar_of(-3)}};
  const real s = real(1) / (real(1) + exp(real(-1))), slope = s * (real(1) - s);
  for (const char* formula : {"1/(1+exp(-(w0*x0+w1*x1+w2)))", "sigmoid(w0*x0+w1*x1+w2)"}) {
    const evaluated e(formula, at);
    BOOST_TEST(within(e.f.value[e.g.output().node][0][0], s, tight));
    BOOST_TEST(within(e.gradient("w0"), -slope, tight));
    BOOST_TEST(within(e.gradient("x0"), real(2) * slope, tight));
    BOOST_TEST(within(e.gradient("w1"), real(-2) * slope, tight));
    BOOST_TEST(within(e.gradient("x1"), real(-3) * slope, tight));
    BOOST_TEST(within(e.gradient("w2"), slope, tight));
  }
  // Gate by gate: -1/q^2 at the reciprocal, then +1, then exp, then the minus.
  const evaluated e("1/(1+exp(-(w0*x0+w1*x1+w2)))", at);
  const real q = real(1) + exp(real(-1));
  BOOST_TEST(within(e.gradient("q7"), real(-1) / (q * q), tight));        // of 1 + exp
  BOOST_TEST(within(e.gradient("q6"), real(-1) / (q * q), tight));        // of exp: the sum hands it on
  BOOST_TEST(within(e.gradient("q5"), -exp(real(-1)) / (q * q), tight));  // of the negated argument
  BOOST_TEST(within(e.gradient("q4"), exp(real(-1)) / (q * q), tight));   // of the argument
}

BOOST_AUTO_TEST_CASE(gradients_add_where_a_value_branches) {
  const evaluated e("x*x + exp(x)*x", {{"x", scalar_of(real(0.5))}});
  const real x = 0.5, expected = real(2) * x + exp(x) * (x + real(1));
  BOOST_TEST(within(e.gradient("x"), expected, tight));
  std::size_t copies = 0;
  for (const node& n : e.g.nodes())
    if (n.what != nullptr && n.what->info.name == "copy") {
      ++copies;
      BOOST_TEST(n.outputs.size() == 4u);
    }
  BOOST_TEST(copies == 1u);
  BOOST_TEST(e.plain.nodes().size() + 1 == e.g.nodes().size());
}

// The definition: over all paths, the products of local derivatives.
BOOST_AUTO_TEST_CASE(backpropagation_is_the_sum_over_all_paths) {
  for (const char* formula :
       {"(x+y)*z", "x*x*x*x", "sigmoid(x*y)*exp(z) - x/y + max(x,z)*tanh(y)^2", "sum(x,y,z,x*y*z)*x"}) {
    variables at = {{"x", scalar_of(real(0.75))}, {"y", scalar_of(real(-1.25))}, {"z", scalar_of(real(2))}};
    if (std::string(formula) == "x*x*x*x") at = {{"x", scalar_of(real(0.75))}};
    const formula_graph g = graph_of(formula, at);
    const evaluation f = evaluate(g);
    for (std::size_t k = 0; k < g.nodes().size(); ++k) {
      if (g.nodes()[k].what != nullptr || g.nodes()[k].constant) continue;
      BOOST_TEST(within(sum_over_paths(g, k).derivative, f.upstream[k][0][0], tight), formula);
    }
  }
}

// A chain of n squarings by multiplication has 2^n paths; one backward pass visits each of its 2n edges once.
BOOST_AUTO_TEST_CASE(paths_grow_exponentially_and_backpropagation_does_not) {
  formula_graph g;
  port p = g.leaf("x", scalar_of(real(1)));
  for (int k = 0; k < 10; ++k) p = g.apply("mul", {}, {p, p});
  const path_sum s = sum_over_paths(g, 0);
  BOOST_TEST((s.paths == 1024u && s.derivative == real(1024)));
  BOOST_TEST(s.products == 10240u);
  BOOST_TEST((evaluate(g).upstream[0][0][0] == real(1024)));
  BOOST_CHECK_THROW(sum_over_paths(g, 0, 1000), invalid_input);
}

// (w + 5)^2 from 3 at the rate 0.02 is -5 + 8 (1 - 0.04)^k after k steps.
BOOST_AUTO_TEST_CASE(gradient_descent_of_the_lecture) {
  formula_graph g = graph_of("(w+5)^2", {{"w", scalar_of(3)}});
  const port w{0, 0};
  const real rate("0.02"), factor("0.96");
  real closed = 8;
  for (int k = 1; k <= 175; ++k) {
    descend(g, std::span(&w, 1), rate);
    closed *= factor;
    const real at = g.nodes()[0].value[0];
    BOOST_TEST(within(at, closed - real(5), real("1e-40")), "step " << k);
    if (k == 1) BOOST_TEST(within(at, real("2.68"), real("1e-40")));
    if (k == 2) BOOST_TEST(within(at, real("2.3728"), real("1e-40")));
    if (k == 175) BOOST_TEST(within(at, real("-4.9937"), real("0.00005")));
  }
}

BOOST_AUTO_TEST_CASE(shared_parameters_take_the_sum_of_their_gradients) {
  // w stands in two layers; one step moves it by the sum of what each copy would get.
  formula_graph shared = graph_of("tanh(w*tanh(w*x))", {{"w", scalar_of(real(0.5))}, {"x", scalar_of(real(2))}});
  const formula_graph apart = graph_of(
      "tanh(v*tanh(w*x))", {{"w", scalar_of(real(0.5))}, {"v", scalar_of(real(0.5))}, {"x", scalar_of(real(2))}});
  const evaluation f = evaluate(apart);
  real sum = 0;
  port w;
  for (std::size_t k = 0; k < apart.nodes().size(); ++k)
    if (apart.nodes()[k].name == "w" || apart.nodes()[k].name == "v") sum += f.upstream[k][0][0];
  for (std::size_t k = 0; k < shared.nodes().size(); ++k)
    if (shared.nodes()[k].name == "w") w = {k, 0};
  descend(shared, std::span(&w, 1), real(1));
  BOOST_TEST(within(shared.nodes()[w.node].value[0], real(0.5) - sum, tight));
  BOOST_CHECK_THROW(shared.set_value(w, values_of("1,2")), invalid_input);
  BOOST_CHECK_THROW(shared.set_value(shared.output(), scalar_of(1)), misuse);
}

BOOST_AUTO_TEST_CASE(vectors_flow_too) {
  const evaluated e("sum(x*w)", {{"x", values_of("1,2,3")}, {"w", values_of("4,5,6")}});
  BOOST_TEST((e.f.value[e.g.output().node][0][0] == real(32)));
  const values<real>& d = e.f.upstream[e.named("w")][0];
  BOOST_TEST((d[0] == real(1) && d[1] == real(2) && d[2] == real(3)));
}

BOOST_AUTO_TEST_CASE(precedence_and_numbers) {
  const auto value = [](const std::string& formula) {
    const formula_graph g = graph_of(formula, {});
    return evaluate(g).value[g.output().node][0][0];
  };
  BOOST_TEST((value("2+3*4") == real(14) && value("(2+3)*4") == real(20) && value("2-3-4") == real(-5)));
  BOOST_TEST((value("-2^2") == real(-4) && value("2^3^2") == real(512) && value("8/4/2") == real(1)));
  BOOST_TEST(within(value("0.1"), real("0.1"), real(0)));
  BOOST_TEST((value("max(1,3,2)-min(4,2)") == real(1)));
}

BOOST_AUTO_TEST_CASE(nonsense_is_named_with_its_place) {
  for (const char* formula :
       {"", "x+", "(x", "x)", "x y", "foo(x)", "x+*y", "exp()", "exp(x,x)", "y", "1e", "x@2", "2..5"})
    BOOST_CHECK_EXCEPTION(graph_of(formula, {{"x", scalar_of(1)}}), invalid_input,
                          [](const invalid_input& e) { return std::string(e.what()).find('\n') == std::string::npos; });
  BOOST_CHECK_THROW(graph_of(std::string(100'000, '(') + "x", {{"x", scalar_of(1)}}), invalid_input);
  BOOST_CHECK_THROW(graph_of(std::string(5'000, '-') + "x", {{"x", scalar_of(1)}}), invalid_input);
  BOOST_CHECK_THROW(graph_of("x", {{"x", scalar_of(1)}, {"y", scalar_of(1)}}), invalid_input);
  for (const char* text : {"", "nan", "inf", "1e999999999", "1,,2", "x", "0x10", "1 "})
    BOOST_CHECK_THROW(values_of(text), invalid_input);
  formula_graph g;
  BOOST_CHECK_THROW(g.apply("no_such_op", {}, {}), invalid_input);
  BOOST_CHECK_THROW(g.apply("exp", {}, {port{7, 0}}), invalid_input);  // what would make a cycle
}

BOOST_AUTO_TEST_CASE(the_picture_holds_every_value_and_gradient) {
  const evaluated e("(x+y)*z", {{"x", scalar_of(-2)}, {"y", scalar_of(5)}, {"z", scalar_of(-4)}});
  const std::string svg = svg_of(e.g, e.f);
  for (const char* text : {">-2<", ">5<", ">-4<", ">3<", ">-12<", ">1<", ">x<", ">×<", ">+<"})
    BOOST_TEST(svg.find(text) != std::string::npos, text);
  BOOST_TEST(json_of("f", e.g, e.f).find("backproof.graph/1") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_graph
