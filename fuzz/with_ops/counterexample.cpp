// Counterexamples, byte by byte.
#include "backproof/run/counterexample.hpp"

#include "fuzz/stored.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const safetensors s = decode(bytes_of(bytes));
  adapter_of(s);
  judge_as_stored(s);
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const char* name : {"Add", "Relu", "Softmax", "Conv", "Gather", "ReduceSum"})
    if (const op* o = find_op(name)) all.push_back(text_of(encode(stored(*o, dtype::f32, 1, 2, profile::smooth))));
  return all;
}

}  // namespace backproof::fuzz
