// Results that only move data. Where the reference rounds nothing, an implementation may all the same: Abs has the
// gradient g sign(x), and g x / |x| is as right as that, to two roundings. Where nothing but an operand's own number
// can come out, as of Transpose, MaxPool or Neg, nothing may be rounded by anybody.
#pragma once

#include "backproof/judge/oracle.hpp"
#include "backproof/op/subdifferential.hpp"

namespace backproof {

// Of an op whose outputs are, on generic samples, numbers that were given: elements of its inputs, attributes, or
// zeros.
bool output_only_moves(const op& o, dtype t);

// Of element p of a gradient: the op's outputs are such, or the element is the same element of a cotangent, or its
// negative, at other inputs too.
bool gradient_only_moves(const oracle& truth, const position& p);

}  // namespace backproof
