#include "backproof/network/audit/step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "backproof/base/text.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/network/audit/parts.hpp"

namespace backproof::networks {
namespace {

bool has(const std::vector<port>& list, port p) { return std::find(list.begin(), list.end(), p) != list.end(); }

std::string of_output(const network& n, port p) {
  return p.output == 0 ? n.name_of(p) : fmt::format("{}:{}", n.name_of(p), p.output);
}

std::string in_torch(const std::string& full, const network& n, port p) {
  if (n.g.nodes()[p.node].what != nullptr || has(n.inputs, p)) return full;
  const std::string& name = n.name_of(p);
  return full.substr(0, full.size() - name.size()) + torch_name(name, n.used_by(p));
}

const tensor* find(const safetensors& step, const std::string& full, const network& n, port p) {
  const tensor* t = step.find(full);
  return t != nullptr ? t : step.find(in_torch(full, n, p));
}

bool used(const network& n, port p) {
  return p == n.g.output() || std::any_of(n.g.nodes().begin(), n.g.nodes().end(), [p](const node& layer) {
           return std::find(layer.in.begin(), layer.in.end(), p) != layer.in.end();
         });
}

}  // namespace

const tensor* value_in(const safetensors& step, const network& n, port p) { return find(step, value_name(n, p), n, p); }

const tensor* delta_in(const safetensors& step, const network& n, port p) { return find(step, delta_name(n, p), n, p); }

std::string value_name(const network& n, port p) {
  if (has(n.inputs, p)) return "input/" + n.name_of(p);
  if (n.g.nodes()[p.node].what == nullptr) return "weight/" + n.name_of(p);
  return "value/" + of_output(n, p);
}

std::string delta_name(const network& n, port p) {
  return (has(n.parameters, p) ? "grad/" : "delta/") + of_output(n, p);
}

safetensors step_of(const network& n, const evaluation& f) {
  safetensors s;
  s.metadata = {{"format", "backproof.step/1"}, {"network", n.name}};
  for (std::size_t k = 0; k < n.g.nodes().size(); ++k)
    for (std::size_t o = 0; o < n.g.nodes()[k].outputs.size(); ++o) {
      const dtype type = holds_indices(n.g, {k, o}) ? dtype::i64 : dtype::f64;
      s.tensors.emplace_back(value_name(n, {k, o}), rounded_to(type, f.value[k][o]));
    }
  for (std::size_t k = 0; k < n.g.nodes().size(); ++k)
    for (std::size_t o = 0; o < n.g.nodes()[k].outputs.size(); ++o)
      if (!holds_indices(n.g, {k, o}) && used(n, {k, o}))
        s.tensors.emplace_back(delta_name(n, {k, o}), rounded_to(dtype::f64, f.upstream[k][o]));
  return s;
}

void take_leaves(network& n, const safetensors& step) {
  std::set<std::string> meant;
  for (std::size_t k = 0; k < n.g.nodes().size(); ++k)
    for (std::size_t o = 0; o < n.g.nodes()[k].outputs.size(); ++o) {
      const port p{k, o};
      for (const std::string& name : {value_name(n, p), delta_name(n, p)}) {
        meant.insert(name);
        meant.insert(in_torch(name, n, p));
      }
      if (const tensor* d = delta_in(step, n, p); d != nullptr && d->dims() != n.g.shape_of(p))
        throw format_error(
            fmt::format("{} is {}, not {}", delta_name(n, p), to_string(d->dims()), to_string(n.g.shape_of(p))));
      const tensor* t = value_in(step, n, p);
      if (t == nullptr) continue;
      if (t->dims() != n.g.shape_of(p))
        throw format_error(
            fmt::format("{} is {}, not {}", value_name(n, p), to_string(t->dims()), to_string(n.g.shape_of(p))));
      if (n.g.nodes()[k].what != nullptr) continue;
      for (index_t i = 0; i < t->count(); ++i)
        if (!std::isfinite(t->at(i)))
          throw format_error(fmt::format("{} is {} at element {}", value_name(n, p), t->at(i), i));
      n.g.set_value(p, promote(*t));
    }
  for (const auto& [name, t] : step.tensors)
    if (!meant.contains(name))
      throw format_error(fmt::format("the network has nothing of the name {}", quotable(name)));
}

}  // namespace backproof::networks
