// Floating-point modes, which a plugin may change and leave changed.
#pragma once

#include <cfenv>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace backproof::worker {

// The modes in force when it was made, to come back to: rounding, flush to zero, denormals are zero, trapping.
class fp_modes {
 public:
  fp_modes() : rounding_(std::fegetround()), control_(control()) { std::fegetenv(&all_); }

  // Returns whether they had been changed.
  bool restore() const {
    const bool changed = std::fegetround() != rounding_ || control() != control_;
    std::fesetenv(&all_);
    return changed;
  }

 private:
  static unsigned control() {
#if defined(__SSE__)               // elsewhere fesetenv restores what there is, but only rounding modes are compared
    return _mm_getcsr() & ~0x3fu;  // the low six bits only record which exceptions have occurred
#else
    return 0;
#endif
  }

  std::fenv_t all_{};
  int rounding_;
  unsigned control_;
};

}  // namespace backproof::worker
