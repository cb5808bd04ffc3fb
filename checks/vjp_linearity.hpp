// A VJP is linear in the cotangent, and scaling by a power of two rounds nothing.
//
//   claim   V(2 v) = 2 V(v) and V(-v) = -V(v), bit for bit, V(0) = 0, and V(a) + V(b) = V(v) within the bounds, where
//           every second element of v is in a and the others are in b
//
// Rounding to nearest commutes with doubling and with a change of sign, as long as nothing under- or overflows: so the
// first two hold exactly for any formula in floating-point arithmetic that is linear in v, whatever its error. Elements
// near either end of the format's range are left out, for an intermediate result may have left it. A subject that says
// that it is not deterministic need keep the first two within the bounds only, as sums in any order do. A VJP that
// clips, compares or squares the cotangent, reads another one's, or adds to what was there before does not pass.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct vjp_linearity {
  static constexpr check_info info{
      .name = "vjp_linearity",
      .claim = "V(2 v) = 2 V(v), V(-v) = -V(v) bit for bit, V(0) = 0, V(a) + V(b) = V(a + b) within the bounds",
      .source = "linearity of the adjoint; rounding to nearest commutes with powers of two (Higham, section 2.1)",
      .judges = check_target::subject,
      .catches =
          "a cotangent clipped, squared, forgotten or left from an earlier call; a gradient added to a dirty buffer",
      .own_ops = own_op_role::supports};

  static finding run(trial& t) {
    const trial::answers once = t.vjp();
    finding f;
    for (const double factor : {2.0, -1.0, 0.0}) {
      const trial::answers other = t.run(mode::vjp, scaled(t.truth().on(), factor));
      f = t.deterministic() || factor == 0 ? proportional(once, other, factor, t)
                                           : about_proportional(t, other, factor);
      if (f.outcome == verdict::fail) return f;
    }
    if (const finding sum = additive(t); sum.outcome == verdict::fail || sum.outcome == verdict::inaccurate) return sum;
    return f;
  }

 private:
  // v in two parts, which add up to it without rounding anything.
  static sample masked(sample s, index_t parity) {
    index_t at = 0;
    for (tensor& v : s.cotangents)
      for (index_t i = 0; i < v.count(); ++i)
        if (at++ % 2 != parity) v.set(i, 0);
    return s;
  }

  static finding additive(trial& t) {
    trial a = t.about(masked(t.truth().on(), 0)), b = t.about(masked(t.truth().on(), 1));
    return within_reach([&](value_list<double> (*how_far)(trial&)) { return sum(t, a, b, how_far); });
  }

  static finding sum(trial& t, trial& a, trial& b, value_list<double> (*how_far)(trial&)) {
    const value_list<double> whole = how_far(t), of_a = how_far(a), of_b = how_far(b);
    const double unit = format_of(t.numbers().storage).unit();
    agreement both(failure_kind::law);
    for (std::size_t k = 0; k < whole.size(); ++k) {
      const auto &v = t.vjp()[k], &one = a.vjp()[k], &other = b.vjp()[k];
      if (!whole[k].present() || !v || !one || !other) continue;
      if (v->dims() != whole[k].dims() || one->dims() != whole[k].dims() || other->dims() != whole[k].dims()) continue;
      for (index_t i = 0; i < whole[k].size(); ++i)
        both.add({fmt::format("{} element {}", t.gradient_names()[k], i), v->at(i), one->at(i) + other->at(i),
                  whole[k][i] + of_a[k][i] + of_b[k][i] + 2 * unit * std::fabs(v->at(i))});
    }
    finding f = both.found();
    if (f.outcome == verdict::fail) f.reason += ": V(a + b) and V(a) + V(b)";
    return f;
  }

  static sample scaled(sample s, double factor) {
    for (tensor& v : s.cotangents)
      for (index_t i = 0; i < v.count(); ++i) v.set(i, factor * v.at(i));
    return s;
  }

  // Of a subject whose sums have another order each time: each answer is within its own bound, and theirs are alike.
  static finding about_proportional(trial& t, const trial::answers& scaled, double factor) {
    return within_reach([&](value_list<double> (*how_far)(trial&)) {
      const value_list<double> reach = how_far(t);
      agreement both(failure_kind::law);
      for (std::size_t k = 0; k < reach.size(); ++k) {
        const auto &one = t.vjp()[k], &other = scaled[k];
        if (!reach[k].present() || !one || !other) continue;
        if (one->dims() != reach[k].dims() || other->dims() != reach[k].dims()) continue;
        for (index_t i = 0; i < reach[k].size(); ++i)
          both.add({fmt::format("{} element {}", t.gradient_names()[k], i), factor * one->at(i), other->at(i),
                    2 * std::fabs(factor) * reach[k][i]});
      }
      finding f = both.found();
      if (f.outcome == verdict::fail) f.reason += fmt::format(": {} V(v) and V({} v)", factor, factor);
      return f;
    });
  }

  // A tenth of the exponents at each end: 2^24 for f32, 2^3 for f16.
  static double margin(const format& f) { return std::exp2(std::floor(std::log2(f.largest()) * 3 / 16)); }

  static finding proportional(const trial::answers& once, const trial::answers& scaled, double factor, const trial& t) {
    const format &accumulator = t.numbers().accumulator, &storage = format_of(t.numbers().storage);
    const double low = std::max(accumulator.smallest() * margin(accumulator), storage.smallest() * margin(storage));
    const double high = storage.largest() / margin(storage);
    finding f;
    for (std::size_t k = 0; k < once.size(); ++k) {
      if (!once[k] || !scaled[k] || once[k]->dims() != scaled[k]->dims()) continue;  // reference_gradient's to judge
      for (index_t i = 0; i < once[k]->count(); ++i) {
        const double a = once[k]->at(i), b = scaled[k]->at(i);
        if (!std::isfinite(a) || (factor != 0 && (std::fabs(a) < low || std::fabs(a) > high))) continue;
        ++f.elements;
        if (b == factor * a) continue;
        f.outcome = verdict::fail;
        f.kind = failure_kind::law;
        f.reason = fmt::format("{} element {} is {}, and {} for {} times the cotangent", t.gradient_names()[k], i, a, b,
                               factor);
        return f;
      }
    }
    if (f.elements == 0)
      return unresolved("every element of the gradient is zero, or near the end of the format's range");
    f.resolved = f.elements;
    return f;
  }
};

}  // namespace backproof::checks
