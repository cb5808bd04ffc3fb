// What an adapter says that it offers, and samples of the ops that it brings along.
#include "backproof/host/messages.hpp"
#include "backproof/op/sample.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const host::capabilities c = host::parse_capabilities(std::string(bytes));
  std::size_t drawn = 0;
  for (const host::capability& one : c.ops)
    if (one.own && ++drawn <= 8)
      for (std::uint64_t number = 0; number < 3; ++number) {
        const op o = own_op(*one.own);
        host::run_request(mode::vjp, o, draw_sample(o, dtype::f32, 1, number));
      }
}

std::vector<std::string> seeds() {
  return {
      R"({"protocol":1,"adapter":{"name":"a","version":"1","framework":"f","framework_version":"2","language":"c"},"deterministic":false,"under":["strided","threads"],"ops":[{"op":"Relu","domain":"ai.onnx","modes":["forward","vjp","jvp"],"dtypes":["f64","bf16"],"native":true,"kink":{"slope":"0"},"accumulator":{"bf16":"f32"},"limits":"none"}]})",
      R"({"protocol":1,"adapter":{"name":"a"},"ops":[{"op":"Own","domain":"d","modes":["vjp"],"dtypes":["f32"],"kink":{"ties":"first"},"signature":"X[N,C], l#[N]<C -> Y[N,2*C]","batch":"N","attributes":{"axis":[0,1],"mode":["a","b"],"k":[[1,2]],"s":[0.5]},"ranges":{"X":[-1,1]}}]})"};
}

}  // namespace backproof::fuzz
