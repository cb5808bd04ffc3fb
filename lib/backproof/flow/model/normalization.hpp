// Blocks whose Jacobian subtracts a mean: softmax and layer normalisation within a sample, batch normalisation across
// the samples of a batch. The affine part of a normalisation is not in here: it is a block of its own.
#pragma once

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

class softmax : public block {
 public:
  std::string kind() const override { return "softmax"; }
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override { return vjp(x, u); }  // symmetric
};

// y = (x - mean) / sqrt(var + eps), var over n.
class layer_norm : public block {
 public:
  explicit layer_norm(double eps = 1e-5) : eps_(eps) {}
  std::string kind() const override { return "layer_norm"; }
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override { return vjp(x, u); }  // symmetric

 private:
  double eps_;
};

class batch_norm : public block {
 public:
  explicit batch_norm(double eps = 1e-5) : eps_(eps) {}
  std::string kind() const override { return "batch_norm"; }
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override { return vjp(x, u); }  // symmetric
  bool couples_samples() const override { return true; }

 private:
  double eps_;
};

}  // namespace backproof::flow
