// A computational graph: nodes are ops, edges carry a value forwards and a gradient backwards, in wide precision.
//
// The gradient of an edge is d(output)/d(value on it). An op gets the gradients of its outputs from upstream,
// multiplies them by its local derivative, and hands the products downstream: the VJP. Where a value is used more than
// once there is a copy gate, at which the gradients are added. Nodes are added in topological order, so a graph is
// acyclic by construction.
//
//   graph g;
//   const port x = g.leaf("x", scalar_of(-2)), y = g.leaf("y", scalar_of(5)), z = g.leaf("z", scalar_of(-4));
//   g.set_output(g.apply("mul", {}, {g.apply("add", {}, {x, y}), z}));
//   const evaluation f = evaluate(g);       // f.gradient(x) is -4
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "backproof/judge/oracle.hpp"

namespace backproof::networks {

struct port {
  std::size_t node = 0, output = 0;
  bool operator==(const port&) const = default;
};
// In the place of an optional input that is not given.
inline constexpr port no_port = {static_cast<std::size_t>(-1), 0};

struct node {
  std::string name;          // as it was given; else, of an op, q1, q2 ... in order
  const op* what = nullptr;  // null for a leaf
  attributes attrs;
  std::vector<port> in;
  values<real> value;     // of a leaf
  bool constant = false;  // a leaf with no gradient of its own to speak of: a number in a formula
  std::vector<shape> outputs;
};

class graph {
 public:
  port leaf(std::string name, values<real> value, bool constant = false);
  // Throws invalid_input if there is no such op, or the inputs' shapes do not fit it.
  port apply(std::string_view op_name, attributes attrs, std::vector<port> in, std::string name = "");
  void set_output(port p) { output_ = p; }
  // Of the same shape as before; throws invalid_input otherwise, or if the port is no leaf.
  void set_value(port leaf, values<real> value);

  const std::vector<node>& nodes() const { return nodes_; }
  port output() const { return output_; }
  const shape& shape_of(port p) const { return nodes_[p.node].outputs[p.output]; }

  // The same with a copy gate behind each value that is used more than once: every edge has one end.
  graph with_copy_gates() const;

 private:
  std::vector<node> nodes_;
  port output_;
  std::size_t ops_ = 0;
};

// Everything that flows: forwards the value of each port, backwards its gradient, and what each op hands to each input.
struct evaluation {
  std::vector<std::vector<values<real>>> value, upstream;  // [node][output]
  std::vector<std::vector<values<real>>> downstream;       // [node][input]; absent where there is no gradient
  const values<real>& gradient(port p) const { return upstream[p.node][p.output]; }
};

// One forward and one backward pass. The output's own gradient is 1, in each element.
evaluation evaluate(const graph& g);

// What a node hands to its inputs for these gradients of its outputs, at the values that flow: its VJP.
value_list<real> pulled_back(const node& n, const evaluation& f, const value_list<real>& gradients);

// The derivative of the output by one leaf as the sum over all paths from it to the output, of the products of the
// local derivatives along each: the definition, at exponential cost. For graphs of scalars.
struct path_sum {
  real derivative = 0;
  std::size_t paths = 0;
  std::size_t products = 0;  // local derivatives that were multiplied
};
// Throws invalid_input if a value is no scalar, or there are more paths than `most`.
path_sum sum_over_paths(const graph& g, std::size_t leaf, std::size_t most = 1'000'000);

// What a gate does to gradients, of the four patterns and beyond: "adds up: hands its gradient on to each".
std::string_view pattern_of(const node& n);

values<real> scalar_of(const real& x);

}  // namespace backproof::networks
