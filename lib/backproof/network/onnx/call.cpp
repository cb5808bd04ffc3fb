#include "backproof/network/onnx/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/network/graph/attribute_defaults.hpp"
#include "backproof/op/registry.hpp"

namespace backproof::networks {
namespace {

// ONNX's attributes are f32, the default values too.
void round_defaults(attributes& all, const attributes& given) {
  for (const auto& [name, value] : attributes(all))
    if (const double* x = std::get_if<double>(&value); x != nullptr && !given.has(name) && std::fabs(*x) < 1e38)
      all.set(name, double{static_cast<float>(*x)});
}

void check_finite(const onnx_operand& x) {
  for (index_t i = 0; i < x.known->size(); ++i)
    if (const double v = static_cast<double>((*x.known)[i]); !std::isfinite(v))
      throw invalid_input(fmt::format("{} is {} at element {}", shown(x.name), v, i));
}

}  // namespace

std::int64_t whole(const real& x) {
  constexpr double most = 9007199254740992.0;
  return static_cast<std::int64_t>(std::clamp(static_cast<double>(x), -most, most));
}

std::shared_ptr<onnx_operand> onnx_operand::constant(std::string name, onnx_constant c, bool weight) {
  auto x = std::make_shared<onnx_operand>();
  x->name = std::move(name);
  x->type = c.type;
  x->dims = c.numbers.dims();
  x->known = std::move(c.numbers);
  x->weight = weight;
  return x;
}

void onnx_builder::count(const shape& s) {
  double n = 1;
  for (const index_t e : s) n *= static_cast<double>(std::max<index_t>(e, 1));
  numbers_ += n;
  if (numbers_ > most_) throw invalid_input(fmt::format("the network holds more than {} numbers", most_));
}

std::string onnx_builder::unique(const std::string& name) {
  const std::string base = name.empty() ? "unnamed" : shown(name, 200);
  std::string mine = base;
  int& k = names_[base];
  while (++k > 1) {
    mine = fmt::format("{}#{}", base, k);
    if (names_.try_emplace(mine, 1).second) break;
  }
  return mine;
}

port onnx_builder::input(const std::string& name, const shape& dims) {
  count(dims);
  const port p = net_.g.leaf(unique(name), values<real>(dims));
  net_.inputs.push_back(p);
  return p;
}

port onnx_builder::at(onnx_operand& x) {
  if (x.at) return *x.at;
  check_finite(x);
  count(x.dims);
  const std::string name = unique(x.name);
  net_.initial[name] = "given";
  x.at = net_.g.leaf(name, *x.known, !x.weight);
  if (x.weight) weights_.insert(x.at->node);
  return *x.at;
}

port onnx_builder::apply(const std::string& name_of_op, const attributes& given, const std::vector<port>& in,
                         const std::string& name) {
  const op* o = find_op(name_of_op);
  std::size_t required = 0;
  for (const operand& one : o->sig.inputs) required += !one.optional;
  if (in.size() < required)
    throw invalid_input(fmt::format("{} needs {} inputs, and has {}", o->wire_name(), required, in.size()));
  if (in.size() > o->sig.inputs.size() && !o->sig.inputs.back().variadic)
    throw invalid_input(
        fmt::format("{} has {} inputs, and is given {}", o->wire_name(), o->sig.inputs.size(), in.size()));
  std::vector<shape> shapes;
  for (const port& p : in) shapes.push_back(p == no_port ? absent_shape : net_.g.shape_of(p));
  attributes all = completed(*o, given, shapes);
  round_defaults(all, given);
  const port made = net_.g.apply(o->info.name, all, in, unique(name));
  for (const shape& s : net_.g.nodes()[made.node].outputs) count(s);
  for (std::size_t k = 0; k < in.size(); ++k)
    if (in[k] != no_port && weights_.contains(in[k].node) && o->sig.input(k).differentiable &&
        parameters_.insert(in[k].node).second)
      net_.parameters.push_back(in[k]);
  return made;
}

const onnx_operand& onnx_call::operand(std::size_t k) const {
  if (!has(k)) throw invalid_input(fmt::format("{} needs its input {}", shown(op), k));
  return *in[k];
}

port onnx_call::at_any(std::size_t k) const {
  operand(k);
  return graph.at(*in[k]);
}

port onnx_call::at(std::size_t k) const {
  if (!folding && !is_float(operand(k).type))
    throw unsupported(fmt::format("{} of {} has no gradient", op, name_of(operand(k).type)));
  return at_any(k);
}

port onnx_call::at_whole(std::size_t k) const {
  if (is_float(operand(k).type))
    throw invalid_input(fmt::format("'{}' is {}, no integers", shown(operand(k).name), name_of(operand(k).type)));
  return at_any(k);
}

const values<real>& onnx_call::known(std::size_t k) const {
  if (!operand(k).known)
    throw unsupported(fmt::format("'{}' is not known before the network runs", shown(operand(k).name)));
  return *operand(k).known;
}

std::vector<std::int64_t> onnx_call::integers(std::size_t k) const {
  const values<real>& v = known(k);
  if (v.size() > 4096) throw invalid_input(fmt::format("'{}' is too long", shown(operand(k).name)));
  std::vector<std::int64_t> list;
  for (index_t i = 0; i < v.size(); ++i) list.push_back(whole(v[i]));
  return list;
}

std::int64_t onnx_call::taken(const std::string& key, std::int64_t otherwise) {
  if (!attrs.has(key)) return otherwise;
  const std::int64_t stated = attrs.integer(key);
  drop(key);
  return stated;
}

std::vector<std::int64_t> onnx_call::taken_list(const std::string& key) {
  if (!attrs.has(key)) return {};
  const std::vector<std::int64_t> stated = attrs.integers(key);
  drop(key);
  return stated;
}

void onnx_call::drop(const std::string& key) {
  attributes rest;
  for (const auto& [mine, stated] : attrs)
    if (mine != key) rest.set(mine, stated);
  attrs = rest;
}

port onnx_call::apply(const std::string& what, const attributes& a, const std::vector<port>& inputs,
                      const std::string& suffix) const {
  return graph.apply(what, a, inputs, name + suffix);
}

port onnx_call::reshaped(port x, const shape& to, const std::string& suffix) const {
  attributes a;
  a.set("shape", to);
  a.set("allowzero", std::int64_t{1});
  return apply("reshape", a, {x}, suffix);
}

}  // namespace backproof::networks
