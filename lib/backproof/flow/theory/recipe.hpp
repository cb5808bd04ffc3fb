// A recipe: an ensemble of random networks, one for each seed. The presets are recipes with names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/initialization.hpp"
#include "backproof/flow/model/model.hpp"

namespace backproof::flow {

enum class wrap {
  plain,       // W phi(x)
  residual,    // x + W2 phi(W1 x); with `unbranched`, x + W phi(x)
  pre_norm,    // x + W2 phi(W1 LN(x))
  post_norm,   // LN(x + W2 phi(W1 x))
  batch_norm,  // BN(W phi(x))
  recurrent,   // W phi(x) with one W for all layers, which are time steps
};

struct recipe {
  std::string_view name, what;
  std::string_view activation = "relu";
  drawing init;
  wrap shape = wrap::plain;
  double branch_scale = 1;       // of W2's deviation in residual branches
  bool scaled_by_depth = false;  // branch_scale is divided by sqrt(depth)
  int width = 256, depth = 20;
  int batch = 1;
  double input_deviation = 1;
};

model make(const recipe& r, std::uint64_t seed);
matrix input_for(const recipe& r, std::uint64_t seed);

// What mean-field theory predicts for the squared gradient's factor per layer, where it has something to say.
std::optional<double> predicted_factor(const recipe& r);

double weight_variance(const drawing& d);  // times fan-in, of square layers

std::span<const recipe> presets();
const recipe* find_preset(std::string_view name);

}  // namespace backproof::flow
