#include "backproof/op/batch.hpp"

#include <algorithm>

namespace backproof {
namespace {

const law* batch_law(const op& o) {
  const auto found =
      std::find_if(o.laws.begin(), o.laws.end(), [](const law& l) { return l.what == law::kind::batch; });
  return found == o.laws.end() ? nullptr : &*found;
}

}  // namespace

bool has_batch(const op& o) { return o.unary || batch_law(o) != nullptr; }

bool in_batch(const op& o, std::size_t input) {
  const law* l = batch_law(o);
  return l == nullptr ? o.unary && input == 0 : (l->input >> input & 1) != 0;
}

index_t examples_of(const op& o, const sample& x) {
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (in_batch(o, k) && x.inputs[k]) return x.inputs[k]->dims().empty() ? 0 : x.inputs[k]->dims()[0];
  return 0;
}

tensor of_examples(const tensor& t, const std::vector<index_t>& which) {
  shape dims = t.dims();
  const index_t each = size_of(dims) / std::max<index_t>(dims[0], 1);
  dims[0] = static_cast<index_t>(which.size());
  tensor out(t.type(), dims);
  for (index_t n = 0; n < dims[0]; ++n)
    for (index_t i = 0; i < each; ++i) out.set(n * each + i, t.at(which[static_cast<std::size_t>(n)] * each + i));
  return out;
}

sample of_examples(const op& o, const sample& x, const std::vector<index_t>& which) {
  sample some = x;
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    if (!in_batch(o, k) || !x.inputs[k]) continue;
    some.inputs[k] = of_examples(*x.inputs[k], which);
    if (x.tangents[k]) some.tangents[k] = of_examples(*x.tangents[k], which);
  }
  for (tensor& v : some.cotangents) v = of_examples(v, which);
  return some;
}

}  // namespace backproof
