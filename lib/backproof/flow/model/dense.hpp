// y = W x + b.
#pragma once

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

class dense : public block {
 public:
  explicit dense(matrix weight, vector bias = {});  // without a bias if it is empty
  const matrix& weight() const { return weight_; }
  const vector& bias() const { return bias_; }
  std::string kind() const override { return "dense"; }
  Index outputs(Index inputs) const override;
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix&, const matrix& v) const override { return weight_.transpose() * v; }
  matrix jvp(const matrix&, const matrix& u) const override { return weight_ * u; }
  std::vector<parameter> parameters() const override;
  std::vector<matrix> parameter_gradients(const matrix& x, const matrix& v) const override;

 private:
  matrix weight_;
  vector bias_;
};

}  // namespace backproof::flow
