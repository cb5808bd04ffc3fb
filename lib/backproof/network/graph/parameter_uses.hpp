// Which inputs of an op are parameters of a layer, and of what shape, given the layer's size and its input's shape.
#pragma once

#include <optional>

#include "backproof/network/graph/initialiser.hpp"
#include "backproof/op/op.hpp"

namespace backproof::networks {

// What a description says of a layer's size.
struct layer_size {
  index_t units = 0;    // features that a linear map or a recurrence gives, channels that a convolution gives
  index_t entries = 0;  // rows of an embedding
  shape kernel;         // of a convolution
  bool bias = true;
};

// The parameter in the place of input k of the op; none if that input is no parameter of a layer. Throws
// invalid_input if the layer's size is not given, or does not suit the input's shape.
std::optional<parameter_use> parameter_use_of(const op& o, std::size_t k, const shape& x, const attributes& attrs,
                                              const layer_size& size);

// The same for a parameter of any op whose shape is given: a weight if it has two or more axes.
parameter_use use_of_shape(const op& o, std::size_t k, const shape& dims);

}  // namespace backproof::networks
