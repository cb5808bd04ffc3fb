#include "backproof/number/rounded.hpp"

#include <algorithm>

namespace backproof {
namespace {

thread_local arithmetic in_force;

rounded accumulate(rounded total, rounded a, rounded b) {
  const arithmetic& how = in_force;
  // fma in double, then rounded to the format: a second rounding, but one of 2^-53, far below the format's own.
  if (how.fused) return rounded(std::fma(static_cast<double>(a), static_cast<double>(b), static_cast<double>(total)));
  return total + a * b;
}

}  // namespace

rounded::use::use(const arithmetic& a) : previous_(in_force) { in_force = a; }
rounded::use::~use() { in_force = previous_; }
const arithmetic& rounded::current() { return in_force; }
double rounded::fit(double v) { return round_to(in_force.fmt, v); }

rounded sum<rounded>::run(std::size_t first, std::size_t last) const {
  if (first == last) return rounded(0);
  rounded total = terms_[first].a * terms_[first].b;
  for (std::size_t i = first + 1; i < last; ++i) total = accumulate(total, terms_[i].a, terms_[i].b);
  return total;
}

rounded sum<rounded>::pairwise(std::size_t first, std::size_t last) const {
  if (last - first <= 2) return run(first, last);
  const std::size_t middle = first + (last - first) / 2;
  return pairwise(first, middle) + pairwise(middle, last);
}

rounded sum<rounded>::value() const {
  const std::size_t n = terms_.size();
  switch (in_force.sums) {
    case order::forward:
      return run(0, n);
    case order::reverse: {
      sum back(*this);
      std::reverse(back.terms_.begin(), back.terms_.end());
      return back.run(0, n);
    }
    case order::pairwise:
      return pairwise(0, n);
    case order::blocked: {  // eight running sums, as a SIMD register keeps them
      constexpr std::size_t lanes = 8;
      rounded total(0);
      for (std::size_t lane = 0; lane < std::min(lanes, n); ++lane) {
        rounded part = terms_[lane].a * terms_[lane].b;
        for (std::size_t i = lane + lanes; i < n; i += lanes) part = accumulate(part, terms_[i].a, terms_[i].b);
        total = lane == 0 ? part : total + part;
      }
      return total;
    }
  }
  return rounded(0);
}

}  // namespace backproof
