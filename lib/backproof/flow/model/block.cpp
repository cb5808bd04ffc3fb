#include "backproof/flow/model/block.hpp"

#include <algorithm>

namespace backproof::flow {

std::vector<parameter> weight_and_bias(const matrix& weight, const vector& bias) {
  std::vector<parameter> list = {{"weight", weight}};
  if (bias.size() != 0) list.push_back({"bias", bias});
  return list;
}

matrix forward(const chain& c, const matrix& x) {
  matrix y = x;
  for (const block_pointer& b : c) y = b->forward(y);
  return y;
}

std::vector<matrix> inputs_of(const chain& c, const matrix& x) {
  std::vector<matrix> list = {x};
  for (const block_pointer& b : c) list.push_back(b->forward(list.back()));
  return list;
}

matrix vjp(const chain& c, const matrix& x, const matrix& v) {
  if (c.size() == 1) return c[0]->vjp(x, v);
  const std::vector<matrix> given = inputs_of(c, x);
  matrix back = v;
  for (std::size_t k = c.size(); k-- > 0;) back = c[k]->vjp(given[k], back);
  return back;
}

matrix jvp(const chain& c, const matrix& x, const matrix& u) {
  matrix at = x, along = u;
  for (const block_pointer& b : c) {
    along = b->jvp(at, along);
    at = b->forward(at);
  }
  return along;
}

bool couples_samples(const chain& c) {
  return std::any_of(c.begin(), c.end(), [](const block_pointer& b) { return b->couples_samples(); });
}

}  // namespace backproof::flow
