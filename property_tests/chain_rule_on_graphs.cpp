// Backpropagation through random graphs is the chain rule.
//
//   gradient = sum over all paths of the products of the local derivatives along each    (the distributed chain rule)
//   gradient of a variable = sum of the gradients of its uses, were they variables of their own
//
// Every gate is followed by tanh, and the leaves are within [-1, 1], so every value and every local derivative is
// within
// [-1, 1], and so is every product along a path. A path of n derivatives is rounded n times, the sum over the paths
// once for each: two evaluations differ by at most 2 eps (products + paths^2), with products counted over all paths;
// copy gates and sums along the way add no more roundings than there are products.
#include <vector>

#include "backproof/network/graph/graph.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(chain_rule_on_graphs)

namespace {

using networks::evaluation;
using networks::graph;
using networks::path_sum;
using networks::port;

struct gate {
  int kind = 0;
  std::size_t a = 0, b = 0;  // how many values back its inputs are
};

std::ostream& operator<<(std::ostream& out, const gate& g) {
  return out << "gate " << g.kind << " of -" << g.a << ", -" << g.b;
}

constexpr std::size_t leaves = 2;

// Shrinks to fewer gates, then to gates of earlier kinds and nearer inputs.
std::vector<gate> any_gates() {
  const auto one = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange<std::size_t>(1, 4), rc::gen::inRange<std::size_t>(1, 4)),
      [](const auto& t) {
        return gate{std::get<0>(t), std::get<1>(t), std::get<2>(t)};
      });
  std::vector<gate> gates = *rc::gen::container<std::vector<gate>>(one);
  gates.resize(std::min<std::size_t>(gates.size(), 9));
  return gates;
}

struct built {
  graph g;
  std::vector<port> uses[leaves];  // the leaf itself, or one of its own for each use
};

built build(const std::vector<gate>& gates, const std::vector<double>& at, bool apart) {
  built b;
  std::vector<port> values;
  const auto leaf = [&](std::size_t k) {
    b.uses[k].push_back(
        b.g.leaf("x" + std::to_string(k) + "_" + std::to_string(b.uses[k].size()), networks::scalar_of(real(at[k]))));
    return b.uses[k].back();
  };
  for (std::size_t k = 0; k < leaves; ++k) values.push_back(leaf(k));
  const auto operand = [&](std::size_t back) {
    const std::size_t which = values.size() - std::min(back, values.size());
    return apart && which < leaves ? leaf(which) : values[which];
  };
  for (const gate& one : gates) {
    static constexpr const char* kinds[] = {"add", "mul", "sub", "sin", "neg"};
    std::vector<port> in = {operand(one.a)};
    if (one.kind < 3) in.push_back(operand(one.b));
    const port y = b.g.apply(kinds[one.kind], {}, in);
    values.push_back(b.g.apply("tanh", {}, {y}));
  }
  b.g.set_output(values.back());
  return b;
}

double bound_of(const path_sum& p) {
  const double n = static_cast<double>(p.products), paths = static_cast<double>(p.paths);
  return 2 * static_cast<double>(real::epsilon()) * (n + paths * paths + 1) * 8;
}

std::vector<double> any_point() {
  std::vector<double> at;
  for (std::size_t k = 0; k < leaves; ++k) at.push_back(*rc::gen::inRange(-64, 65) / 64.0);
  return at;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_gradient_is_the_sum_over_all_paths) {
  holds("paths", 200 / patience, [] {
    const std::vector<gate> gates = any_gates();
    const built b = build(gates, any_point(), false);
    for (const graph& g : {b.g, b.g.with_copy_gates()}) {
      const evaluation f = networks::evaluate(g);
      for (std::size_t k = 0; k < leaves; ++k) {
        const path_sum p = networks::sum_over_paths(g, k, 100'000);
        const real found = p.paths == 0 && k != g.output().node ? real(0) : f.gradient({k, 0})[0];
        RC_ASSERT(magnitude(found - p.derivative) <= bound_of(p));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_variable_gets_the_sum_of_what_its_uses_get) {
  holds("uses", 200 / patience, [] {
    const std::vector<gate> gates = any_gates();
    const std::vector<double> at = any_point();
    const built whole = build(gates, at, false), apart = build(gates, at, true);
    const evaluation f = networks::evaluate(whole.g), parts = networks::evaluate(apart.g);
    for (std::size_t k = 0; k < leaves; ++k) {
      real sum(0);
      for (const port& use : apart.uses[k])
        if (parts.gradient(use).present()) sum += parts.gradient(use)[0];
      const real all = f.gradient(whole.uses[k][0]).present() ? f.gradient(whole.uses[k][0])[0] : real(0);
      RC_ASSERT(magnitude(all - sum) <= bound_of(networks::sum_over_paths(whole.g, k, 100'000)));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
