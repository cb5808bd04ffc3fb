// Network descriptions, backproof.net/1, and what is printed of them; if they are small, their gradient too.
#include "backproof/network/graph/network.hpp"

#include <filesystem>

#include "backproof/network/graph/summary.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  static const std::string beside = std::filesystem::path(file_with("", ".txt")).parent_path().string();
  const networks::network n = networks::network_of(bytes, beside);
  const networks::network_summary s = networks::summary_of(n);
  networks::json_of(n, s);
  constexpr index_t small = 2000;
  index_t numbers = s.multiply_adds;
  for (const networks::node& one : n.g.nodes())
    for (const shape& dims : one.outputs) numbers += size_of(dims);
  if (numbers < small) networks::evaluate(n.g);
}

std::vector<std::string> seeds() {
  return {
      R"({"format":"backproof.net/1","seed":1,"inputs":{"x":{"shape":[4,8]},"labels":{"shape":[4],"below":3}},"layers":[{"op":"Linear","units":5,"init":"he"},{"op":"Relu"},{"name":"logits","op":"Linear","units":3},{"op":"SoftmaxCrossEntropyLoss","inputs":["logits","labels"]}],"penalty":{"l2":0.01}})",
      R"({"format":"backproof.net/1","inputs":{"x":{"value":[[1,2],[3,4]]}},"layers":[{"name":"a","op":"Sigmoid"},{"op":"Add","inputs":["a","x"]},{"op":"ReduceSum"}]})",
      R"({"format":"backproof.net/1","inputs":{"x":{"shape":[1,2,5,5],"init":"uniform","low":-1,"high":1}},"layers":[{"op":"Conv","units":3,"kernel":[3,3]},{"op":"MaxPool","attributes":{"kernel_shape":[2,2]}},{"op":"Flatten"}]})",
      R"({"format":"backproof.net/1","inputs":{"x":{"file":"x.npy"}},"parameters":{"w":{"shape":[2],"value":0.5}},"layers":[{"op":"Mul","inputs":["x","w"]}]})"};
}

}  // namespace backproof::fuzz
