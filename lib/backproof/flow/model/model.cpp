#include "backproof/flow/model/model.hpp"

#include <algorithm>

namespace backproof::flow {

std::vector<Index> widths(const model& m) {
  std::vector<Index> list = {m.inputs};
  for (const layer& l : m.layers) {
    Index n = list.back();
    for (const block_pointer& b : l.blocks) n = b->outputs(n);
    list.push_back(n);
  }
  return list;
}

bool couples_samples(const model& m) {
  return std::any_of(m.layers.begin(), m.layers.end(), [](const layer& l) { return couples_samples(l.blocks); });
}

trace forward(const model& m, const matrix& x) {
  trace t;
  t.at.push_back(x);
  for (const layer& l : m.layers) t.at.push_back(forward(l.blocks, t.at.back()));
  return t;
}

std::vector<matrix> backward(const model& m, const trace& t, const matrix& v) {
  std::vector<matrix> delta(m.layers.size() + 1);
  delta.back() = v;
  for (std::size_t l = m.layers.size(); l-- > 0;) delta[l] = vjp(m.layers[l].blocks, t.at[l], delta[l + 1]);
  return delta;
}

}  // namespace backproof::flow
