// Makes models in double precision of networks that are described (backproof.net/1).
#pragma once

#include "backproof/flow/model/model.hpp"
#include "backproof/network/graph/network.hpp"

namespace backproof::flow {

// Thrown for a part of a network that cannot become a block, because axis 0 of its input or output does not count
// samples. Gradients of such networks can be recorded, and the recording analysed.
class unknown_block : public invalid_input {
 public:
  using invalid_input::invalid_input;
};

// The chain of ops from the first input to the loss, one sample at a time: linear maps, convolutions, activations,
// pools, softmax, layer normalisation, reshaping, and sums with the output of an earlier op of the chain. Everything
// else is computed by its ops' formulas (graph_block.hpp), in the smallest section around it. Throws unknown_block with
// one line that names the layer.
model model_of(const networks::network& n);

}  // namespace backproof::flow
