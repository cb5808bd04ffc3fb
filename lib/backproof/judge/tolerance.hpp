// How far an element may lie from the oracle's value.
//
// For an element with true value g and running error bound e (see bounded.hpp) in the accumulator's arithmetic, stored
// in a format with unit roundoff u and smallest number t, any stable implementation returns a number within
//     b = e                        when the accumulator is the storage format,
//     b = e + u (|g| + e) + t      when the result is rounded once more to be stored.
// Where data is only moved and nothing is computed, b = 0: the stored number must be g itself, correctly rounded. If
// |g| + b exceeds the largest number, an infinity with the sign of g is right too; where some operation of a stable
// evaluation may overflow, nothing is known. Where the oracle has no value (0 * inf), any answer is right.
#pragma once

#include "backproof/number/bounded.hpp"
#include "backproof/number/dtype.hpp"

namespace backproof {

// The formats that a subject's numbers are stored in and added up in.
struct precision {
  dtype storage = dtype::f64;
  format accumulator = format_of(dtype::f64);
};

double bound_of(const bounded<real>& expected, const precision& p);

// How large an error is beside the scale of what it is an error of; infinite if it is no number. What is small by
// itself looks like noise even if all of it is wrong, so that no scale is taken for less than a tenth.
double part_of(double error, double scale);
double severity_of(double error, double scale);  // the same, 1 at most: all of it is wrong, or more

}  // namespace backproof
