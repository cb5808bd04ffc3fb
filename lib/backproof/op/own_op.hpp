// Ops that only a subject knows: backproof does not know what they compute, but it can ask for them, and judge their
// gradients by their own forward function.
//
// The signature is that of op.hpp with a shape for each operand, "X[N,C], scale[C], label#[N]<C -> Y[N,2*C]":
// - an extent is a number, a name, or an expression of them with + - * / and parentheses;
// - every name must by itself be an extent of some input; these are drawn from 1 to 17, and expressions follow from
//   them. Where one is negative, too large, or does not divide, others are drawn; there must be some that fit;
// - indices are below the extent behind "<"; [] is a scalar, [...] any shape, the same wherever it stands.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "backproof/op/op.hpp"

namespace backproof {

struct own_op_description {
  std::string name, domain, signature;
  int opset = 0;
  std::string batch;                                         // the extent that counts independent examples; or none
  std::map<std::string, std::vector<attribute>> attributes;  // the choices for each
  std::map<std::string, std::pair<double, double>> ranges;   // of an input's elements, where not every number will do
};

// An op without kernels: op::has_reference() is false. Throws invalid_input with one line that names the place.
op own_op(const own_op_description& d);

}  // namespace backproof
