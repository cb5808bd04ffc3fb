#include "backproof/op/subdifferential.hpp"

namespace backproof {

void subdifferential::interval(position p, const real& low, const real& high, const real& chosen, const real& g) {
  intervals_.push_back({p, low, high, chosen, g});
}

void subdifferential::between(position p, const real& low, const real& high, const real& chosen) {
  intervals_.push_back({p, low, high, chosen, 1, false});
}

void subdifferential::simplex(const std::vector<position>& tied, const real& g) { ties_.push_back({tied, g}); }

void subdifferential::ball(const std::vector<position>& elements, double q, const real& g) {
  balls_.push_back({elements, q, g});
}

}  // namespace backproof
