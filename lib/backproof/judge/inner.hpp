// Inner products over whole lists of tensors in wide precision, and steps along a direction: the tools of the checks of
// the oracle.
#pragma once

#include "backproof/judge/oracle.hpp"

namespace backproof {

// A sum, and the sum of its terms' magnitudes, against which its rounding and its worth are measured.
struct weighed {
  real value = 0, terms = 0;

  void add(const real& term) {
    value += term;
    terms += abs(term);
  }
};

// <a, b>. An absent tensor counts as zero.
weighed inner(const value_list<real>& a, const value_list<real>& b);

// x + step u; tensors of which u is absent stay as they are.
value_list<real> moved(const value_list<real>& x, const value_list<real>& u, const real& step);

// The step of central differences along u: 2^-s / max |u|, with s a third of the wide scalar's bits, so that truncation
// (step^2) and rounding (epsilon / step) are of the same size.
real difference_step(const value_list<real>& u);

}  // namespace backproof
