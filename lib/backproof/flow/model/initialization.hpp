// How weights are drawn.
#pragma once

#include <string_view>

#include "backproof/flow/model/random.hpp"

namespace backproof::flow {

enum class initialization {
  gaussian,       // variance gain^2 / fan-in
  he,             // variance 2 / fan-in
  glorot,         // uniform with variance 2 / (fan-in + fan-out)
  orthogonal,     // gain times Haar
  torch_default,  // uniform with variance 1 / (3 fan-in), biases too: what nn.Linear does
};
std::string_view name_of(initialization i);

struct drawing {
  initialization how = initialization::gaussian;
  double gain = 1;            // of gaussian and orthogonal
  double bias_deviation = 0;  // of the others' biases, which are normal
};

struct drawn {
  matrix weight;
  vector bias;  // empty where all of it would be zero
};
drawn draw_weights(const drawing& d, Index rows, Index columns, Index fan_in, Index fan_out, source& random);

}  // namespace backproof::flow
