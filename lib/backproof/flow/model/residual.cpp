#include "backproof/flow/model/residual.hpp"

#include "backproof/base/error.hpp"

namespace backproof::flow {

Index residual::outputs(Index inputs) const {
  Index n = inputs;
  for (const block_pointer& b : branch_) n = b->outputs(n);
  if (n != inputs) throw invalid_input("a residual branch does not end with the size it starts with");
  return n;
}

std::vector<parameter> residual::parameters() const {
  std::vector<parameter> all;
  for (std::size_t k = 0; k < branch_.size(); ++k)
    for (parameter& p : branch_[k]->parameters())
      all.push_back({"branch." + std::to_string(k) + "." + p.name, p.value});
  return all;
}

std::vector<matrix> residual::parameter_gradients(const matrix& x, const matrix& v) const {
  const std::vector<matrix> given = inputs_of(branch_, x);
  std::vector<std::vector<matrix>> parts(branch_.size());
  matrix back = scale_ * v;
  for (std::size_t k = branch_.size(); k-- > 0;) {
    parts[k] = branch_[k]->parameter_gradients(given[k], back);
    if (k > 0) back = branch_[k]->vjp(given[k], back);
  }
  std::vector<matrix> all;
  for (std::vector<matrix>& p : parts)
    for (matrix& g : p) all.push_back(std::move(g));
  return all;
}

}  // namespace backproof::flow
