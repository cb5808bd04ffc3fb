// Judges a network's whole backward pass: that of a recorded step, or of a subject that runs the network op by op.
//
// Every layer is judged on the values and the gradients that it was actually given in the step. So an error counts
// against the layer that introduced it, and not against those that passed it on. Where a step leaves tensors out, the
// layers in between are judged as one, with bounds that are propagated through all of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backproof/judge/subject.hpp"
#include "backproof/judge/verdict.hpp"
#include "backproof/network/graph/network.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::networks {

struct judged_tensor {
  std::string name;    // "delta/conv1", "grad/conv1.W"
  std::string layers;  // that made it: one, or those between it and what was recorded
  std::string op;      // of the one; empty if several were judged as one
  finding found;       // the verdict on what the layers themselves computed
  double off = 0;  // || step - truth || / || truth ||, earlier errors included; truth: the network in wide precision
};

struct audit {
  dtype type = dtype::f64;
  std::vector<judged_tensor> tensors;  // in the order in which they are computed
  std::vector<std::string> missing;    // gradients of parameters that the step does not have
  const judged_tensor* first_wrong() const;
};

// Throws format_error if the step does not fit the network, or has no gradients at all.
audit audited(network n, const safetensors& step);

// Every op of the network put to the subject, forwards and backwards, on its own results. Inputs and parameters are
// rounded to the dtype first.
audit audited(network n, subject& s, dtype type);

}  // namespace backproof::networks
