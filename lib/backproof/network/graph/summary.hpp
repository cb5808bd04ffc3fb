// What a network is made of, layer by layer.
#pragma once

#include <string>
#include <vector>

#include "backproof/network/graph/network.hpp"

namespace backproof::networks {

struct layer_summary {
  std::string name, op;
  shape output;
  index_t parameters = 0;     // numbers that are counted here for the first time: shared ones count once
  index_t multiply_adds = 0;  // of the forward pass, the whole batch: inner products of linear maps and convolutions
  shape field;                // receptive field in the input, one extent per spatial axis; empty where it is not local
};

struct network_summary {
  std::vector<layer_summary> layers;
  index_t parameters = 0, multiply_adds = 0;
};

// The receptive field follows r_out = r_in + (k - 1) d j, j_out = j s, for windows of k taps, dilation d and stride s
// (Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill 2019).
network_summary summary_of(const network& n);

std::string json_of(const network& n, const network_summary& s);  // backproof.net-summary/1

}  // namespace backproof::networks
