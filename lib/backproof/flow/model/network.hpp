// Networks that are described (backproof.net/1), as models in double precision.
#pragma once

#include <stdexcept>

#include "backproof/flow/model/model.hpp"
#include "backproof/network/graph/network.hpp"

namespace backproof::flow {

// Something in a network that no block can be made of: samples are not along axis 0 of what goes in and out. Gradients
// of such networks can be recorded, and the recording analysed.
class unknown_block : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The chain of ops from the first input to the loss, one sample at a time: linear maps, convolutions, activations,
// pools, softmax, layer normalisation, reshaping, and sums with what an earlier op of the chain gave. What is none of
// these is taken by its ops' formulas (graph_block.hpp), in the smallest section around it. Throws unknown_block with
// one line that names the layer.
model model_of(const networks::network& n);

}  // namespace backproof::flow
