// y = x + scale * branch(x).
#pragma once

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

class residual : public block {
 public:
  explicit residual(chain branch, double scale = 1) : branch_(std::move(branch)), scale_(scale) {}
  const chain& branch() const { return branch_; }
  double scale() const { return scale_; }
  std::string kind() const override { return "residual"; }
  Index outputs(Index inputs) const override;
  matrix forward(const matrix& x) const override { return x + scale_ * flow::forward(branch_, x); }
  matrix vjp(const matrix& x, const matrix& v) const override { return v + scale_ * flow::vjp(branch_, x, v); }
  matrix jvp(const matrix& x, const matrix& u) const override { return u + scale_ * flow::jvp(branch_, x, u); }
  std::vector<parameter> parameters() const override;
  std::vector<matrix> parameter_gradients(const matrix& x, const matrix& v) const override;
  bool couples_samples() const override { return flow::couples_samples(branch_); }

 private:
  chain branch_;
  double scale_;
};

}  // namespace backproof::flow
