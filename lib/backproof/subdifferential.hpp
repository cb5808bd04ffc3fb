// What a gradient may be at points where the function has no derivative.
//
// An op with kinks has one more function,
//
//   static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s);
//
// which states, for each kink that the sample hits, the exact set of Clarke subgradients. The comparison of a branch
// with a representable constant, or of two inputs, comes out alike at any precision, so reference and subject meet the
// same kinks. The reference returns one element of the set; any other is as right. (Clarke, Optimization and Nonsmooth
// Analysis, 1983, sections 2.2 and 2.3: the generalized gradient of a maximum is the convex hull of its active parts'.)
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "backproof/real.hpp"
#include "backproof/shape.hpp"

namespace backproof {

struct position {
  std::size_t input;
  index at;
};

class subdifferential {
 public:
  // At element p the slope may be anything in [low, high]; the reference takes `chosen`. The gradient is slope * g.
  void interval(position p, const real& low, const real& high, const real& chosen, const real& g);

  // The tied elements share the cotangent g: weights >= 0 that sum to 1, as in a maximum. The reference shares evenly.
  void simplex(const std::vector<position>& tied, const real& g);

  bool empty() const { return intervals_.empty() && ties_.empty(); }

  struct slope {
    position p;
    real low, high, chosen, g;
  };
  struct tie {
    std::vector<position> tied;
    real g;
  };
  const std::vector<slope>& intervals() const { return intervals_; }
  const std::vector<tie>& ties() const { return ties_; }

 private:
  std::vector<slope> intervals_;
  std::vector<tie> ties_;
};

}  // namespace backproof
