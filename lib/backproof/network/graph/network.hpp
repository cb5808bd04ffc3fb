// A network: a graph whose leaves are inputs and parameters, built from a description (backproof.net/1).
//
//   {
//     "format": "backproof.net/1",
//     "seed": 1,
//     "inputs": {"x": {"shape": [4, 8]}, "labels": {"shape": [4], "below": 3}},
//     "layers": [
//       {"op": "Linear", "units": 16, "init": "he"},
//       {"op": "Relu"},
//       {"name": "logits", "op": "Linear", "units": 3},
//       {"op": "SoftmaxCrossEntropyLoss", "inputs": ["logits", "labels"]}
//     ],
//     "penalty": {"l2": 0.01}
//   }
//
// The penalty is  l1 sum |w| + l2/(2m) sum w^2  over the weights: parameters of two or more axes. It does not apply to
// biases, scales and shifts. With m = 1 it is lambda Omega(theta), Omega = ||theta||^2/2; with m examples, the penalty
// of J(Theta).
//
// The whole format is described in docs/networks.md and docs/net.schema.json. A description is untrusted: depths, sizes
// and offsets are limited before anything is allocated, files outside of its own folder are read only where the caller
// allows it, and an error is one line that names the place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/base/limits.hpp"
#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

struct network {
  std::string name;
  graph g;  // its output is the last layer's, with penalties added: the loss, if that is one number
  std::vector<port> inputs, parameters;        // leaves
  std::map<std::string, std::string> initial;  // how each leaf got its value: "he", "given", "file weights.npz"

  const std::string& name_of(port p) const { return g.nodes()[p.node].name; }
  const port* find_leaf(std::string_view leaf) const;  // an input or a parameter; null if there is none
  // The name of the op's input that a leaf is first used for: "W" of a convolution. Empty if nothing uses it.
  std::string used_by(port leaf) const;
};

// A parameter's name in PyTorch: conv1.W is conv1.weight, bn.input_mean is bn.running_mean.
std::string torch_name(const std::string& name, std::string_view used_for);

constexpr index_t most_numbers = limits::network_numbers;  // in all inputs and parameters of a network

// What a file may leave open: an ONNX model the values of its inputs, and extents. And what it may ask for.
struct reading {
  std::uint64_t seed = 1;
  index_t batch = 1;                       // the extent of a first axis
  std::map<std::string, index_t> extents;  // of axes, by their names in the model
  bool allow_outside = false;              // whether a description's tensors may lie outside of its folder
};

// `folder` is where the files that a description names are looked for, and only there. Throws invalid_input with one
// line, or file_error.
network network_of(std::string_view description, const std::string& folder = ".", const reading& how = {});
// The same from a file, an ONNX model if it is called *.onnx; the line then begins with the file's name.
network read_network(const std::string& path, const reading& how = {});

}  // namespace backproof::networks
