// The container of files and frames. What it holds comes back from what is written of it.
#include "backproof/tensor/safetensors.hpp"

#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const safetensors s = decode(bytes_of(bytes));
  const safetensors back = decode(encode(s));
  if (back.metadata != s.metadata || back.tensors != s.tensors) found("written and read again, it is another");
}

std::vector<std::string> seeds() {
  safetensors some;
  some.metadata = {{"format", "x"}, {"note", "\"quoted\"\n"}};
  some.tensors.emplace_back("a", tensor(dtype::f32, {2, 3}));
  some.tensors.emplace_back("b", tensor(dtype::i64, {}));
  some.tensors.emplace_back("c", tensor(dtype::bf16, {0, 4}));
  return {text_of(encode({})), text_of(encode(some))};
}

}  // namespace backproof::fuzz
