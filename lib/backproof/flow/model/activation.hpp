// Activations: one number at a time, with two derivatives.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

struct activation {
  std::string_view name;
  double (*value)(double);
  double (*slope)(double);      // at a kink: the derivative from the left
  double (*curvature)(double);  // without the kinks' point masses
  double steepest;              // sup |slope|
  bool rectifies;               // has a region of slope 0: units there are dead, elsewhere they would be saturated
};

std::span<const activation> activations();
const activation* find_activation(std::string_view name);   // null if there is none
const activation& activation_named(std::string_view name);  // throws invalid_input

class activation_block : public block {
 public:
  explicit activation_block(const activation& a) : activation_(&a) {}
  const activation& function() const { return *activation_; }
  std::string kind() const override { return std::string(activation_->name); }
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override { return vjp(x, u); }  // the Jacobian is diagonal

 private:
  const activation* activation_;
};

}  // namespace backproof::flow
