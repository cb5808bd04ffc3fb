// Which gradients are right at points where the function has no derivative.
//
// An op with kinks has one more function,
//
//   static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s);
//
// which states, for each kink that the sample hits, the exact set of Clarke subgradients. Comparing an input with a
// representable constant, or with another input, has the same result at any precision, so reference and subject meet
// the same kinks. Where the compared number is itself computed, such as a x + b in HardSigmoid, they may meet different
// ones, and `near` says whether a kink is within reach. The reference returns one element of the set; any other is
// equally right. At a jump, where there is no derivative at all, the interval is that between the one-sided slopes.
// (Clarke, Optimization and Nonsmooth Analysis, 1983, sections 2.2 and 2.3: the generalized gradient of a maximum is
// the convex hull of the gradients of its active parts.)
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "backproof/number/real.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

struct position {
  std::size_t input;
  index_t at;
  int sign = 1;  // in a tie: the sign with which the element's share counts
};

class subdifferential {
 public:
  explicit subdifferential(double unit_roundoff = 0) : unit_(unit_roundoff) {}

  // Whether an implementation may find a computed number, whose terms have magnitude `scale`, on the other side of a
  // kink that it misses by `gap`. Two roundings and a perturbed input make three units; four cover their products.
  bool near(const real& gap, const real& scale) const { return abs(gap) <= real(4 * unit_) * abs(scale); }

  // At element p the slope may be anything in [low, high]; the reference takes `chosen`. The gradient is slope * g.
  void interval(position p, const real& low, const real& high, const real& chosen, const real& g);

  // The gradient of element p may be anything in [low, high]; the reference takes `chosen`. For elements upon which
  // several kinks have an influence: no one slope is taken there, and none is reported.
  void between(position p, const real& low, const real& high, const real& chosen);

  // The tied elements share the cotangent g: weights >= 0 that sum to 1, as in a maximum. The reference shares evenly.
  void simplex(const std::vector<position>& tied, const real& g);

  // The gradient of the elements is w g for any w with q-norm at most 1, as where a p-norm, 1/p + 1/q = 1, is zero.
  // q is 1 or more, or infinite. The reference takes w = 0.
  void ball(const std::vector<position>& elements, double q, const real& g);

  bool empty() const { return intervals_.empty() && ties_.empty() && balls_.empty(); }

  struct slope {
    position p;
    real low, high, chosen, g;
    bool one_kink = true;
  };
  struct tie {
    std::vector<position> tied;
    real g;
  };
  struct norm_ball {
    std::vector<position> elements;
    double q;
    real g;
  };
  const std::vector<slope>& intervals() const { return intervals_; }
  const std::vector<tie>& ties() const { return ties_; }
  const std::vector<norm_ball>& balls() const { return balls_; }

 private:
  double unit_;
  std::vector<slope> intervals_;
  std::vector<tie> ties_;
  std::vector<norm_ball> balls_;
};

}  // namespace backproof
