// A network's whole backward pass, judged: a recorded step, or a subject that runs the network op by op.
//
// Every tensor is judged as the layer that made it was asked: on the values and the gradients that the step itself has
// where it went in. So an error counts where it is *made*, and what comes after it is not blamed for what it
// *inherited*. Where a step leaves tensors out, the layers in between are judged as one, with bounds that have passed
// through all of them.
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
  finding found;       // what was made here
  double off = 0;  // || step - truth || / || truth ||, made or inherited; truth: the whole network, in wide precision
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
