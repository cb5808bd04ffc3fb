// Dual numbers: a value and its directional derivative, computed together by the forward formulas alone.
//
// f(x + t e) = f(x) + t f'(x) with e^2 = 0 gives the exact JVP J u when each input carries its tangent u. This route
// shares no code with the hand-written VJPs, which is why it can check them.
#pragma once

#include "backproof/number/math.hpp"

namespace backproof {

template <class S>
struct dual {
  S value = S(0);
  S tangent = S(0);

  dual() = default;
  dual(int v) : value(v) {}
  dual(double v) : value(v) {}
  dual(S v, S t) : value(std::move(v)), tangent(std::move(t)) {}
  explicit operator double() const { return static_cast<double>(value); }
  static dual constant(const real& c) { return {math::constant<S>(c), S(0)}; }

  dual& operator+=(const dual& b) { return *this = *this + b; }
  dual& operator-=(const dual& b) { return *this = *this - b; }
  dual& operator*=(const dual& b) { return *this = *this * b; }
  dual& operator/=(const dual& b) { return *this = *this / b; }
  friend dual operator+(const dual& a, const dual& b) { return {a.value + b.value, a.tangent + b.tangent}; }
  friend dual operator-(const dual& a, const dual& b) { return {a.value - b.value, a.tangent - b.tangent}; }
  friend dual operator-(const dual& a) { return {-a.value, -a.tangent}; }
  friend dual operator*(const dual& a, const dual& b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
  }
  friend dual operator/(const dual& a, const dual& b) {
    const S q = a.value / b.value;
    return {q, (a.tangent - q * b.tangent) / b.value};
  }

  // Comparisons look at the value: a branch is taken as the undifferentiated program takes it.
  friend bool operator==(const dual& a, const dual& b) { return a.value == b.value; }
  friend bool operator!=(const dual& a, const dual& b) { return !(a.value == b.value); }
  friend bool operator<(const dual& a, const dual& b) { return a.value < b.value; }
  friend bool operator<=(const dual& a, const dual& b) { return a.value <= b.value; }
  friend bool operator>(const dual& a, const dual& b) { return b.value < a.value; }
  friend bool operator>=(const dual& a, const dual& b) { return b.value <= a.value; }

  friend dual floor(const dual& x) { return {math::floor(x.value), S(0)}; }
  friend dual ceil(const dual& x) { return {math::ceil(x.value), S(0)}; }
  friend dual abs(const dual& x) { return x.value < S(0) ? -x : x; }
  friend dual exp(const dual& x) {
    const S y = math::exp(x.value);
    return {y, y * x.tangent};
  }
  friend dual expm1(const dual& x) { return {math::expm1(x.value), math::exp(x.value) * x.tangent}; }
  friend dual log(const dual& x) { return {math::log(x.value), x.tangent / x.value}; }
  friend dual log1p(const dual& x) { return {math::log1p(x.value), x.tangent / (S(1) + x.value)}; }
  friend dual sqrt(const dual& x) {
    const S y = math::sqrt(x.value);
    return {y, x.tangent / (S(2) * y)};
  }
  friend dual sin(const dual& x) { return {math::sin(x.value), math::cos(x.value) * x.tangent}; }
  friend dual cos(const dual& x) { return {math::cos(x.value), -math::sin(x.value) * x.tangent}; }
  friend dual tan(const dual& x) {
    const S c = math::cos(x.value);
    return {math::tan(x.value), x.tangent / (c * c)};
  }
  friend dual asin(const dual& x) { return {math::asin(x.value), x.tangent / root(x.value)}; }
  friend dual acos(const dual& x) { return {math::acos(x.value), -x.tangent / root(x.value)}; }
  friend dual atan(const dual& x) { return {math::atan(x.value), x.tangent / (S(1) + x.value * x.value)}; }
  friend dual sinh(const dual& x) { return {math::sinh(x.value), math::cosh(x.value) * x.tangent}; }
  friend dual cosh(const dual& x) { return {math::cosh(x.value), math::sinh(x.value) * x.tangent}; }
  friend dual tanh(const dual& x) {  // 1/cosh^2 by exponentials, for 1 - tanh^2 cancels at any precision
    const S e = math::exp(S(-2) * math::abs(x.value)), d = S(1) + e;
    return {math::tanh(x.value), S(4) * e / (d * d) * x.tangent};
  }
  friend dual asinh(const dual& x) { return {math::asinh(x.value), x.tangent / math::sqrt(S(1) + x.value * x.value)}; }
  friend dual acosh(const dual& x) {
    return {math::acosh(x.value), x.tangent / math::sqrt((x.value - S(1)) * (x.value + S(1)))};
  }
  friend dual atanh(const dual& x) { return {math::atanh(x.value), x.tangent / ((S(1) - x.value) * (S(1) + x.value))}; }
  friend dual erf(const dual& x) { return {math::erf(x.value), gauss(x.value) * x.tangent}; }
  friend dual erfc(const dual& x) { return {math::erfc(x.value), -gauss(x.value) * x.tangent}; }
  friend dual pow(const dual& x, const dual& y) {
    S t = S(0);
    if (!(x.tangent == S(0))) t += y.value * math::pow(x.value, y.value - S(1)) * x.tangent;
    if (!(y.tangent == S(0))) t += math::pow(x.value, y.value) * math::log(x.value) * y.tangent;
    return {math::pow(x.value, y.value), t};
  }
  friend dual atan2(const dual& y, const dual& x) {
    const S r = x.value * x.value + y.value * y.value;
    return {math::atan2(y.value, x.value), (x.value * y.tangent - y.value * x.tangent) / r};
  }

 private:
  static S root(const S& x) { return math::sqrt((S(1) - x) * (S(1) + x)); }
  static S gauss(const S& x) {  // 2/sqrt(pi) exp(-x^2), with pi from the scalar itself
    return math::exp(-(x * x)) / math::sqrt(math::atan(S(1)));
  }
};

}  // namespace backproof
