// The parts that both audits share: that of a recorded step, and that of a subject that runs the network op by op.
#pragma once

#include "backproof/judge/oracle.hpp"
#include "backproof/network/graph/graph.hpp"
#include "backproof/number/bounded.hpp"

namespace backproof::networks {

tensor rounded_to(dtype type, const values<real>& v);
double distance(const tensor& t, const values<real>& truth);  // || t - truth || / || truth ||
bool holds_indices(const graph& g, port p);                   // whether an op takes it for whole numbers

// The question that a layer is asked; its cotangents are still zero.
template <class Value>
sample question_of(const node& layer, dtype type, Value value) {
  sample x;
  x.type = type;
  x.attrs = layer.attrs;
  for (std::size_t i = 0; i < layer.in.size(); ++i) {
    x.inputs.push_back(layer.in[i] == no_port ? std::nullopt : value(layer.in[i]));
    x.tangents.emplace_back();
    if (x.inputs[i] && layer.what->sig.input(i).differentiable) x.tangents[i].emplace(type, x.inputs[i]->dims());
  }
  for (const shape& s : layer.outputs) x.cotangents.emplace_back(type, s);
  return x;
}

}  // namespace backproof::networks
