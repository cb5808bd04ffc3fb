// The signature of an op that only an adapter knows, and samples drawn from it. A second line is the batch's extent.
#include "backproof/op/own_op.hpp"

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  own_op_description d;
  d.name = "Own", d.domain = "fuzz", d.signature = std::string(bytes.substr(0, end));
  d.batch = std::string(bytes.substr(std::min(end + 1, bytes.size())));
  const op o = own_op(d);
  for (std::uint64_t number = 0; number < 8; ++number) {
    const sample x =
        draw_sample(o, dtype::f64, 1, number, no_limit, 0, number < 6 ? profile::smooth : profile::special);
    o.infer(x.attrs, x.input_shapes());
  }
}

std::vector<std::string> seeds() {
  return {"X[N,C], scale[C] -> Y[N,C]\nN", "X[N,C], label#[N]<C, w?[C], eps~[] -> Y[N], S[N,3*C]",
          "X[...], Y[...] -> Z[...]", "X[N,2*(C+1)-2], c[C] -> Y[N/N,C]"};
}

}  // namespace backproof::fuzz
