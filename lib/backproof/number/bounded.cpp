#include "backproof/number/bounded.hpp"

#include <cmath>

namespace backproof {
namespace {

thread_local rounding_model model;

// Bounds are sums of non-negative doubles, each rounded by at most 2^-53; this covers a million such steps.
constexpr double outward = 1 + 1e-9;

// 0 * infinity is no error here: an exact zero stays zero whatever the other operand's error is.
double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

bool is_zero(const real& x) { return x == real(0); }
bool is_unit(const real& x) { return x == real(1) || x == real(-1); }

// An infinite sum is a limit to be met, unless one of its terms may have overflowed: that may be infinite of the other
// sign, and then nothing is known.
real limit(const real& total, double errors) { return isfinite(total) || std::isfinite(errors) ? total : real::nan(); }

}  // namespace

template <class S>
bounded<S>::use::use(const rounding_model& m) : previous_(model) {
  model = m;
}
template <class S>
bounded<S>::use::~use() {
  model = previous_;
}

template <class S>
bounded<S>::bounded(double v) : value_(v) {
  // A constant is exact when its significand fits the arithmetic: then v/u^-1-scaled rounding changes nothing.
  if (v == 0 || !std::isfinite(v) || model.unit == 0) return;
  const double scaled = std::ldexp(v, -std::ilogb(v)) / (2 * model.unit);
  if (scaled != std::nearbyint(scaled)) error_ = model.unit * std::fabs(v), exact_ = false;
}

template <class S>
bounded<S> bounded<S>::input(const S& v) {
  if (!isfinite(v)) return bounded(v, 0, true);
  // Where subnormal numbers are flushed, one that is an operand is off by all that it is.
  const double size = magnitude(v);
  if (size > 0 && size < model.tiny) return bounded(v, size, false);
  return bounded(v, model.unit * size, true);
}

template <class S>
bounded<S> bounded<S>::constant(const S& v) {
  return bounded(v, model.unit * magnitude(v), false);
}

// |max(a + da, b + db) - max(a, b)| <= max(|da|, |db|), and the smaller one matters only where the two overlap.
// Numbers that are exact compare alike in any precision.
template <class S>
bounded<S> bounded<S>::larger(const bounded& a, const bounded& b) {
  const bounded &most = a.value_ < b.value_ ? b : a, &least = a.value_ < b.value_ ? a : b;
  if ((a.exact_ && b.exact_) || !(most.value_ - least.value_ <= S(a.error() + b.error()))) return most;
  return bounded(most.value_, std::max(a.error(), b.error()), false);
}

template <class S>
bounded<S> bounded<S>::rounded_by(S value, double propagated, double roundings) {
  if (!isfinite(value)) return bounded(std::move(value), 0, false);  // a limit, to be met exactly
  if (magnitude(value) > model.largest) propagated = std::numeric_limits<double>::infinity();
  const double own = roundings * model.unit * (magnitude(value) + propagated);
  return bounded(std::move(value), (propagated + own) * outward, false);
}

template <class S>
bounded<S> bounded<S>::add(const bounded& a, const bounded& b) {
  if (b.exact_ && is_zero(b.value_)) return a;
  if (a.exact_ && is_zero(a.value_)) return b;
  const double propagated = a.error_ + b.error_;
  return rounded_by(limit(a.value_ + b.value_, propagated), propagated, 1);  // sums do not underflow inexactly
}

template <class S>
bounded<S> bounded<S>::multiply(const bounded& a, const bounded& b) {
  if (a.exact_ && is_unit(a.value_)) return a.value_ == S(1) ? b : -b;
  if (b.exact_ && is_unit(b.value_)) return b.value_ == S(1) ? a : -a;
  if ((a.exact_ && is_zero(a.value_)) || (b.exact_ && is_zero(b.value_))) return bounded(a.value_ * b.value_, 0, true);
  const double x = magnitude(a.value_), y = magnitude(b.value_);
  const double propagated = times(x, b.error_) + times(y, a.error_) + times(a.error_, b.error_);
  return rounded_by(a.value_ * b.value_, propagated + model.tiny, 1);
}

template <class S>
bounded<S> bounded<S>::divide(const bounded& a, const bounded& b) {
  if (b.exact_ && is_unit(b.value_)) return b.value_ == S(1) ? a : -a;
  if (a.exact_ && is_zero(a.value_) && !is_zero(b.value_)) return bounded(a.value_ / b.value_, 0, true);
  // |(a+da)/(b+db) - a/b| <= (|da| + |a/b| |db|) / (|b| - |db|) while |db| < |b|; otherwise nothing is known.
  const S quotient = a.value_ / b.value_;
  const double room = magnitude(b.value_) - b.error_;
  const double propagated = room > 0 ? a.error_ / room + times(magnitude(quotient), b.error_ / room)
                                     : std::numeric_limits<double>::infinity();
  return rounded_by(quotient, propagated + model.tiny, 1);
}

// A monotone f moves least and most at the ends of the interval of its argument. (cosh is not monotone, but even and
// convex, for which the ends are the worst points all the same.)
template <class S>
bounded<S> bounded<S>::monotone(const bounded& x, S (*f)(const S&)) {
  const S y = f(x.value_);
  double propagated = 0;
  if (x.error_ > 0) {
    const S e(x.error_);
    const double up = magnitude(f(x.value_ + e) - y), down = magnitude(f(x.value_ - e) - y);
    propagated = std::isnan(up) || std::isnan(down) ? std::numeric_limits<double>::infinity() : std::max(up, down);
  }
  return rounded_by(y, propagated + model.tiny, model.function);
}

template <class S>
bounded<S> bounded<S>::lipschitz(const bounded& x, S (*f)(const S&)) {
  return rounded_by(f(x.value_), x.error_ + model.tiny, model.function);
}

template <class S>
bounded<S> bounded<S>::root(const bounded& x) {  // correctly rounded by IEEE 754, unlike the other functions
  bounded y = monotone(x, math::sqrt<S>);
  const double spared = (model.function - 1) * model.unit * magnitude(y.value_);
  if (std::isfinite(spared)) y.error_ -= spared;
  return y;
}

template <class S>
bounded<S> bounded<S>::corners(const bounded& x, const bounded& y, S (*f)(const S&, const S&)) {
  const S z = f(x.value_, y.value_);
  double propagated = 0;
  for (const double i : {-x.error_, x.error_})
    for (const double j : {-y.error_, y.error_}) {
      const double d = magnitude(f(x.value_ + S(i), y.value_ + S(j)) - z);
      propagated = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(propagated, d);
    }
  return rounded_by(z, propagated + model.tiny, model.function);
}

template <class S>
sum<bounded<S>>& sum<bounded<S>>::operator+=(const bounded<S>& term) {
  if (term.exact_ && is_zero(term.value_)) return *this;
  if (terms_++ == 0) first_ = term;
  total_ += term.value_;
  magnitude_ += magnitude(term.value_);
  errors_ += term.error_;
  return *this;
}

template <class S>
bounded<S> sum<bounded<S>>::value() const {
  if (terms_ <= 1) return first_;
  const double k = static_cast<double>(terms_ - 1) * model.unit;
  const bool fits = magnitude_ <= model.largest;  // else some order of summation overflows on its way
  const double gamma = k < 1 && fits ? k / (1 - k) : std::numeric_limits<double>::infinity();
  if (!isfinite(total_)) return bounded<S>(limit(total_, errors_), 0, false);
  return bounded<S>(total_, (errors_ + gamma * (magnitude_ + errors_)) * outward, false);
}

template class bounded<real>;
template class sum<bounded<real>>;

}  // namespace backproof
