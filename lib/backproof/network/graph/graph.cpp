#include "backproof/network/graph/graph.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "backproof/base/limits.hpp"
#include "backproof/op/registry.hpp"

namespace backproof::networks {
namespace {

constexpr std::size_t most_nodes = 10 * limits::network_layers;  // a layer becomes several

// Before there is memory for it: a value and a gradient for each number.
void require_affordable(const graph& g) {
  double n = 0;
  for (const node& one : g.nodes())
    for (const shape& s : one.outputs) {
      double size = 1;
      for (const index_t e : s) size *= static_cast<double>(e);
      n += size;
    }
  if (n > static_cast<double>(limits::network_numbers))
    throw invalid_input(
        fmt::format("its layers give more than {} numbers, the most that is evaluated", limits::network_numbers));
}

// As many inputs as the op takes, and all that it cannot do without.
void require_fitting(const op& o, const std::vector<port>& in) {
  const std::vector<operand>& takes = o.sig.inputs;
  const bool variadic = !takes.empty() && takes.back().variadic;
  if (in.size() > takes.size() && !variadic)
    throw invalid_input(fmt::format("{} takes {} inputs, not {}", o.wire_name(), takes.size(), in.size()));
  for (std::size_t k = 0; k < std::max(in.size(), takes.size()); ++k) {
    const operand& one = o.sig.input(k);
    const bool is_given = k < in.size() && in[k] != no_port;
    if (!is_given && !one.optional && !(one.variadic && k > 0))
      throw invalid_input(fmt::format("{} needs its input {}", o.wire_name(), one.name));
  }
}

// What an op cannot evaluate is told by the node's name: a label that is no class, an index into nowhere.
template <class F>
void at_node(const node& n, F f) {
  try {
    f();
  } catch (const std::exception& e) {
    throw invalid_input(fmt::format("{}: {}", n.name, e.what()));
  }
}

value_list<real> inputs_of(const node& n, const evaluation& f) {
  value_list<real> in;
  for (const port& p : n.in) in.push_back(p == no_port ? values<real>{} : f.value[p.node][p.output]);
  return in;
}

void add(values<real>& to, const values<real>& x) {
  for (index_t i = 0; i < x.size(); ++i) to[i] += x[i];
}

void forward(const graph& g, evaluation& f) {
  for (const node& n : g.nodes()) {
    f.value.emplace_back();
    f.upstream.emplace_back();
    f.downstream.emplace_back();
    for (const shape& s : n.outputs) {
      f.value.back().emplace_back(s);
      f.upstream.back().emplace_back(s);
    }
    if (n.what == nullptr)
      f.value.back()[0] = n.value;
    else
      at_node(n, [&] { n.what->real_kernels.forward({n.attrs, inputs_of(n, f)}, f.value.back()); });
  }
}

// In reverse topological order: when a node's turn comes, all that uses it has handed down its share.
void backward(const graph& g, evaluation& f) {
  values<real>& seed = f.upstream[g.output().node][g.output().output];
  for (index_t i = 0; i < seed.size(); ++i) seed[i] = 1;
  for (std::size_t k = g.nodes().size(); k-- > 0;) {
    const node& n = g.nodes()[k];
    if (n.what == nullptr) continue;
    const value_list<real>& d = f.downstream[k] = pulled_back(n, f, f.upstream[k]);
    for (std::size_t i = 0; i < d.size(); ++i)
      if (d[i].present()) add(f.upstream[n.in[i].node][n.in[i].output], d[i]);
  }
}

// The local derivatives of a node of scalars: of output o by input i.
using local = std::vector<std::vector<real>>;

local local_derivatives(const node& n, const evaluation& f) {
  local j;
  for (std::size_t o = 0; o < n.outputs.size(); ++o) {
    value_list<real> g;
    for (std::size_t k = 0; k < n.outputs.size(); ++k) g.push_back(scalar_of(k == o ? 1 : 0));
    j.emplace_back();
    for (const values<real>& one : pulled_back(n, f, g)) j.back().push_back(one.present() ? one[0] : real(0));
  }
  return j;
}

// Walks every path from the output back to the leaf, one after the other.
class walker {
 public:
  walker(const graph& g, const evaluation& f, std::size_t leaf, std::size_t most) : g_(g), leaf_(leaf), most_(most) {
    for (const node& n : g.nodes()) local_.push_back(n.what == nullptr ? local{} : local_derivatives(n, f));
  }

  path_sum walk() {
    from(g_.output(), 1, 0);
    return total_;
  }

 private:
  void from(port p, const real& product, std::size_t length) {
    const node& n = g_.nodes()[p.node];
    if (n.what == nullptr) {
      if (p.node != leaf_) return;
      if (++total_.paths > most_) throw invalid_input(fmt::format("there are more than {} paths", most_));
      total_.derivative += product;
      total_.products += length;
      return;
    }
    for (std::size_t i = 0; i < n.in.size(); ++i)
      if (n.in[i] != no_port) from(n.in[i], product * local_[p.node][p.output][i], length + 1);
  }

  const graph& g_;
  std::size_t leaf_, most_;
  std::vector<local> local_;
  path_sum total_;
};

}  // namespace

value_list<real> pulled_back(const node& n, const evaluation& f, const value_list<real>& gradients) {
  const value_list<real> in = inputs_of(n, f);
  value_list<real> d;
  for (std::size_t i = 0; i < in.size(); ++i)
    d.push_back(in[i].present() && n.what->sig.input(i).differentiable ? values<real>(in[i].dims()) : values<real>{});
  at_node(n, [&] { n.what->real_kernels.vjp({n.attrs, in}, gradients, d); });
  return d;
}

values<real> scalar_of(const real& x) {
  values<real> v{shape{}};
  v[0] = x;
  return v;
}

port graph::leaf(std::string name, values<real> value, bool constant) {
  if (nodes_.size() >= most_nodes) throw invalid_input("the graph is too large");
  node n{.name = std::move(name),
         .what = nullptr,
         .attrs = {},
         .in = {},
         .value = {},
         .constant = constant,
         .outputs = {value.dims()}};
  n.value = std::move(value);
  nodes_.push_back(std::move(n));
  return {nodes_.size() - 1, 0};
}

port graph::apply(std::string_view op_name, attributes attrs, std::vector<port> in, std::string name) {
  const op* what = find_op(op_name);
  if (what == nullptr || !what->has_reference()) throw invalid_input(fmt::format("there is no op '{}'", op_name));
  if (nodes_.size() >= most_nodes) throw invalid_input("the graph is too large");
  require_fitting(*what, in);
  std::vector<shape> shapes;
  for (const port& p : in) {
    if (p == no_port) {
      shapes.push_back(absent_shape);
      continue;
    }
    if (p.node >= nodes_.size() || p.output >= nodes_[p.node].outputs.size())
      throw invalid_input(fmt::format("{} takes a value that is not there yet: a cycle", op_name));
    shapes.push_back(shape_of(p));
  }
  std::vector<shape> outputs = what->infer(attrs, shapes);
  if (name.empty()) name = fmt::format("q{}", ++ops_);
  nodes_.push_back({.name = std::move(name),
                    .what = what,
                    .attrs = std::move(attrs),
                    .in = std::move(in),
                    .value = {},
                    .constant = false,
                    .outputs = std::move(outputs)});
  return output_ = {nodes_.size() - 1, 0};
}

void graph::set_value(port p, values<real> value) {
  if (p.node >= nodes_.size() || nodes_[p.node].what != nullptr) throw misuse("only leaves have values of their own");
  if (value.dims() != shape_of(p))
    throw invalid_input(
        fmt::format("{} has shape {}, not {}", nodes_[p.node].name, to_string(shape_of(p)), to_string(value.dims())));
  nodes_[p.node].value = std::move(value);
}

graph graph::with_copy_gates() const {
  std::map<std::pair<std::size_t, std::size_t>, index_t> uses;
  for (const node& n : nodes_)
    for (const port& p : n.in)
      if (p != no_port) ++uses[{p.node, p.output}];
  graph g;
  port out;
  std::map<std::pair<std::size_t, std::size_t>, port> at;  // where the next use of a port is to be had
  for (std::size_t k = 0; k < nodes_.size(); ++k) {
    const node& n = nodes_[k];
    std::vector<port> in;
    for (const port& p : n.in) {
      if (p == no_port) {
        in.push_back(p);
        continue;
      }
      port& next = at.at({p.node, p.output});
      in.push_back(next);
      if (uses[{p.node, p.output}] > 1) ++next.output;
    }
    const port mine =
        n.what == nullptr ? g.leaf(n.name, n.value, n.constant) : g.apply(n.what->info.name, n.attrs, in, n.name);
    for (std::size_t o = 0; o < n.outputs.size(); ++o) {
      port from{mine.node, o};
      if (port{k, o} == output_) out = from;
      if (const index_t times = uses[{k, o}]; times > 1) {
        attributes a;
        a.set("n", times);
        from = g.apply("copy", a, {from}, n.name);
      }
      at[{k, o}] = from;
    }
  }
  g.output_ = out;
  return g;
}

evaluation evaluate(const graph& g) {
  require_affordable(g);
  evaluation f;
  forward(g, f);
  backward(g, f);
  return f;
}

path_sum sum_over_paths(const graph& g, std::size_t leaf, std::size_t most) {
  for (const node& n : g.nodes())
    for (const shape& s : n.outputs)
      if (size_of(s) != 1) throw invalid_input(fmt::format("{} is no scalar", n.name));
  const evaluation f = evaluate(g);
  return walker(g, f, leaf, most).walk();
}

std::string_view pattern_of(const node& n) {
  struct row {
    std::string_view op, pattern;
  };
  static constexpr std::array<row, 8> rows = {{{"add", "distributor: hands its gradient on to each input"},
                                               {"add_n", "distributor: hands its gradient on to each input"},
                                               {"sub", "distributor: to the second input with a minus"},
                                               {"copy", "adder: the gradients of all copies add up"},
                                               {"mul", "swap multiplier: each input gets the other times the gradient"},
                                               {"max", "router: all of it to the larger input; equal ones share it"},
                                               {"min", "router: all of it to the smaller input; equal ones share it"},
                                               {"relu", "switch: lets the gradient through, or not"}}};
  if (n.what == nullptr) return "";
  for (const row& r : rows)
    if (r.op == n.what->info.name) return r.pattern;
  return "scaler: the gradient times the local derivative";
}

}  // namespace backproof::networks
