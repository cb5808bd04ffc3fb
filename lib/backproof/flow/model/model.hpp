// A model: layers in a row, each a chain of blocks. The gradient is measured between layers, so the boundaries of the
// layers define what "per layer" means. In a plain network a layer is an activation and the dense block after it: the
// gradient is then that with respect to pre-activations, as in the literature.
#pragma once

#include <string>
#include <vector>

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

struct layer {
  std::string name;
  chain blocks;
};

struct model {
  Index inputs = 0;
  std::vector<layer> layers;
};

std::vector<Index> widths(const model& m);  // of the input and of each layer's output; throws invalid_input
bool couples_samples(const model& m);

struct trace {
  std::vector<matrix> at;  // the input, and each layer's output
};

trace forward(const model& m, const matrix& x);
// The gradient at the input and at each layer's output, given that at the last one's.
std::vector<matrix> backward(const model& m, const trace& t, const matrix& v);

}  // namespace backproof::flow
