#include "backproof/flow/model/dense.hpp"

#include <fmt/format.h>

#include "backproof/base/error.hpp"

namespace backproof::flow {

dense::dense(matrix weight, vector bias) : weight_(std::move(weight)), bias_(std::move(bias)) {
  if (bias_.size() != 0 && bias_.size() != weight_.rows())
    throw invalid_input(fmt::format("a bias of {} for {} outputs", bias_.size(), weight_.rows()));
}

Index dense::outputs(Index inputs) const {
  if (inputs != weight_.cols())
    throw invalid_input(fmt::format("a dense layer of {} inputs is given {}", weight_.cols(), inputs));
  return weight_.rows();
}

matrix dense::forward(const matrix& x) const {
  matrix y = weight_ * x;
  if (bias_.size() != 0) y.colwise() += bias_;
  return y;
}

std::vector<parameter> dense::parameters() const { return weight_and_bias(weight_, bias_); }

std::vector<matrix> dense::parameter_gradients(const matrix& x, const matrix& v) const {
  std::vector<matrix> list = {v * x.transpose()};
  if (bias_.size() != 0) list.emplace_back(v.rowwise().sum());
  return list;
}

}  // namespace backproof::flow
