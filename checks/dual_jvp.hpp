// The oracle's own VJP against forward mode: dual numbers through the forward function, in wide precision.
//
//   claim   |<v, J u> - <J^T v, u>| <= 2^-90 sum |terms|
//
// Both sides are exact but for the wide arithmetic, which has 77 bits beyond 2^-90 for what the formulas may cancel.
// Forward mode shares the forward function with the finite differences, but not their step, and so sees 27 digits
// where those see 30 fewer than there are.
#pragma once

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"

namespace backproof::checks {

struct dual_jvp {
  static constexpr check_info info{
      .name = "dual_jvp",
      .claim = "|<v, J u> - <J^T v, u>| <= 2^-90 sum |terms|, in wide precision",
      .source = "definition of the adjoint; Griewank and Walther, Evaluating Derivatives, 2nd ed., section 3.1",
      .judges = check_target::oracle,
      .catches = "any error in the reference's own derivative, to 27 digits"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const weighed forward = inner(truth.cotangents(), truth.jvp()),
                  backward = inner(truth.gradient(), truth.tangents());
    const real terms = forward.terms + backward.terms;
    const real signal = truth.of().info.zero_gradient ? real(1) : terms;  // that it is zero is the signal
    return compare("<J^T v, u>", forward.value, backward.value, terms * ldexp(real(1), -90), signal, failure_kind::law);
  }
};

}  // namespace backproof::checks
