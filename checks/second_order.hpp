// Second derivatives are symmetric: a VJP that is the gradient of something has a symmetric derivative.
//
// Along the sample's tangent u and a second direction w, with G(x) = V(v) at x and step h:
//
//   claim   |<D_u G, w> - <D_w G, u>| <= truncation + rounding,   D_u G = (G(x + h u) - G(x - h u)) / 2h
//
// <G, .> is the derivative of <v, f>, so both sides are its second derivative in u and w, and equal (Schwarz). The
// truncation of each difference is below |D(2h) - D(h)|, as in finite_difference; the rounding of G, 2^-100 of its
// terms or less, is divided by h. Where the gradient is constant both sides are zero, and equal.
#pragma once

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"

namespace backproof::checks {

struct second_order {
  static constexpr check_info info{
      .name = "second_order",
      .claim = "|<D_u V(v), w> - <D_w V(v), u>| <= truncation + rounding, in wide precision",
      .source = "Schwarz's theorem on mixed derivatives",
      .judges = check_target::oracle,
      .catches = "a gradient that is not the gradient of anything, wrong terms that depend on the point"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const value_list<real> w = second_direction(truth);
    const side a = differences(truth, truth.tangents(), w), b = differences(truth, w, truth.tangents());
    if (a.terms + b.terms == real(0)) return {};  // the gradient does not depend on the point at all
    return compare("<D_u V(v), w>", b.slope, a.slope, a.bound + b.bound, (a.terms + b.terms) * ldexp(real(1), -40),
                   failure_kind::law);
  }

 private:
  struct side {
    real slope, bound, terms;
  };

  // <D_u G, w>, by differences with one step and with twice that.
  static side differences(const oracle& truth, const value_list<real>& u, const value_list<real>& w) {
    const real h = difference_step(u);
    const auto along = [&](const real& step) {
      const value_list<real> ahead = truth.gradient_at(moved(truth.inputs(), u, step), truth.cotangents());
      const value_list<real> behind = truth.gradient_at(moved(truth.inputs(), u, -step), truth.cotangents());
      const weighed d = inner(moved(ahead, behind, -1), w);
      return std::pair(d.value / (real(2) * step), d.terms / (real(2) * step));
    };
    const auto [fine, terms] = along(h);
    const real coarse = along(real(2) * h).first;
    // What G's own rounding may leave of a difference: its terms as they were before they cancelled.
    const real rounding = inner(truth.gradient(), w).terms * ldexp(real::epsilon(), 40) / h;
    return {fine, abs(coarse - fine) + rounding, terms};
  }

  // The tangents read backwards, with every second sign turned: fixed, and no multiple of them.
  static value_list<real> second_direction(const oracle& truth) {
    value_list<real> w = truth.tangents();
    for (values<real>& one : w)
      for (index_t i = 0; i < one.size() / 2; ++i) std::swap(one[i], one[one.size() - 1 - i]);
    for (values<real>& one : w)
      for (index_t i = 1; i < one.size(); i += 2) one[i] = -one[i];
    return w;
  }
};

}  // namespace backproof::checks
