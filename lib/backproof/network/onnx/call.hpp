// One node of an ONNX model while it is translated to ops of the catalogue.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backproof/network/graph/network.hpp"
#include "backproof/network/onnx/tensor.hpp"

namespace backproof::networks {

// Thrown for something that the catalogue does not have, as opposed to an error in the file.
struct unsupported : invalid_input {
  using invalid_input::invalid_input;
};

// A value of the model, by its name.
struct onnx_operand {
  std::string name;
  onnx_type type = onnx_type::f32;
  std::optional<values<real>> known;  // of constants, before the network runs
  bool weight = false;     // an initializer of floats: what training changes, so that nothing is folded into it
  std::optional<port> at;  // where the graph has it
  shape dims;

  static std::shared_ptr<onnx_operand> constant(std::string name, onnx_constant c, bool weight = false);
};
using onnx_operands = std::vector<std::shared_ptr<onnx_operand>>;

// A graph that grows by ops and by the constants that they need.
class onnx_builder {
 public:
  explicit onnx_builder(std::size_t most = limits::network_numbers) : most_(static_cast<double>(most)) {}

  port input(const std::string& name, const shape& dims);  // zeros
  port at(onnx_operand& x);                                // makes a leaf of a constant on its first use
  // Attributes that are left out have ONNX's default values.
  port apply(const std::string& op, const attributes& given, const std::vector<port>& in, const std::string& name);

  std::string unique(const std::string& name);
  network take() && { return std::move(net_); }
  network& net() { return net_; }

 private:
  void count(const shape& s);  // of what memory is taken for, before it is

  network net_;
  std::map<std::string, int> names_;  // and how often each was wanted
  std::set<std::size_t> weights_, parameters_;
  double most_, numbers_ = 0;
};

// A node: what it is given, and the graph that it goes to.
struct onnx_call {
  std::string op, name;
  std::int64_t opset = 0;
  attributes attrs;
  std::optional<onnx_constant> value;  // the attribute of that name, which is a tensor
  onnx_operands in;                    // null in the place of an optional input that is not given
  std::vector<std::string> out;        // empty where an output is not asked for
  onnx_builder& graph;
  bool folding = false;  // all inputs are known, and may be integers

  bool has(std::size_t k) const { return k < in.size() && in[k] != nullptr; }
  const onnx_operand& operand(std::size_t k) const;
  const shape& dims(std::size_t k) const { return operand(k).dims; }
  port at(std::size_t k) const;      // a number, or what has to be one
  port at_any(std::size_t k) const;  // of whatever type
  port at_whole(std::size_t k) const;
  const values<real>& known(std::size_t k) const;  // throws unsupported if it is not known yet
  std::vector<std::int64_t> integers(std::size_t k) const;
  bool asks_for(std::size_t output) const { return output < out.size() && !out[output].empty(); }

  // An attribute that the catalogue's op does not have: read, and taken away.
  std::int64_t taken(const std::string& key, std::int64_t otherwise);
  std::vector<std::int64_t> taken_list(const std::string& key);
  void drop(const std::string& key);
  port apply(const std::string& what, const attributes& a, const std::vector<port>& inputs,
             const std::string& suffix = "") const;
  port reshaped(port x, const shape& to, const std::string& suffix) const;
};

std::int64_t whole(const real& x);  // at most 2^53 from zero

}  // namespace backproof::networks
