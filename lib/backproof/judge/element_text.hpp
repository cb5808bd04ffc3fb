// One element, and its bound, in words: what findings say about it.
#pragma once

#include <string>

#include "backproof/judge/tolerance.hpp"
#include "backproof/judge/verdict.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

std::string coordinates(const shape& dims, index_t i);  // "[0,3]" of element i; nothing of a scalar

std::string shortest(double x, dtype t);                       // the shortest text that reads back to the same number
std::string digits_of(const real& x, int digits = 20);         // so many at most, without the zeros at their end
std::string derivation(const element& e, const precision& p);  // how its bound was made

}  // namespace backproof
