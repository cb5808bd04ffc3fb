// y_i = a_i x_i + b_i: the learned part of a normalisation, and all that is left of batch normalisation after training.
#pragma once

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

class scaling : public block {
 public:
  scaling(vector scale, vector shift) : scale_(std::move(scale)), shift_(std::move(shift)) {}
  std::string kind() const override { return "scaling"; }
  matrix forward(const matrix& x) const override { return (scale_.asDiagonal() * x).colwise() + shift_; }
  matrix vjp(const matrix&, const matrix& v) const override { return scale_.asDiagonal() * v; }
  matrix jvp(const matrix&, const matrix& u) const override { return scale_.asDiagonal() * u; }

 private:
  vector scale_, shift_;
};

}  // namespace backproof::flow
