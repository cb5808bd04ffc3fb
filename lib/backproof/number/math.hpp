// Elementary functions for ops, and the concept that ops are written against.
//
// An op calls math::exp(x), never exp(x): inside namespace backproof::ops a struct named `exp` (the op) would hide
// the function, because argument-dependent lookup is off once ordinary lookup finds something that is no function.
#pragma once

#include <cmath>
#include <concepts>
#include <type_traits>

#include "backproof/number/real.hpp"

namespace backproof {

namespace math {
namespace adl {  // a namespace of its own, so that unqualified calls find the scalars' functions by their argument
using std::abs, std::floor, std::ceil, std::exp, std::expm1, std::log, std::log1p, std::sqrt, std::sin, std::cos,
    std::tan, std::asin, std::acos, std::atan, std::sinh, std::cosh, std::tanh, std::asinh, std::acosh, std::atanh,
    std::erf, std::erfc, std::pow, std::atan2;
// clang-format off
template <class S> S call_abs(const S& x) { return abs(x); }
template <class S> S call_floor(const S& x) { return floor(x); }
template <class S> S call_ceil(const S& x) { return ceil(x); }
template <class S> S call_exp(const S& x) { return exp(x); }
template <class S> S call_expm1(const S& x) { return expm1(x); }
template <class S> S call_log(const S& x) { return log(x); }
template <class S> S call_log1p(const S& x) { return log1p(x); }
template <class S> S call_sqrt(const S& x) { return sqrt(x); }
template <class S> S call_sin(const S& x) { return sin(x); }
template <class S> S call_cos(const S& x) { return cos(x); }
template <class S> S call_tan(const S& x) { return tan(x); }
template <class S> S call_asin(const S& x) { return asin(x); }
template <class S> S call_acos(const S& x) { return acos(x); }
template <class S> S call_atan(const S& x) { return atan(x); }
template <class S> S call_sinh(const S& x) { return sinh(x); }
template <class S> S call_cosh(const S& x) { return cosh(x); }
template <class S> S call_tanh(const S& x) { return tanh(x); }
template <class S> S call_asinh(const S& x) { return asinh(x); }
template <class S> S call_acosh(const S& x) { return acosh(x); }
template <class S> S call_atanh(const S& x) { return atanh(x); }
template <class S> S call_erf(const S& x) { return erf(x); }
template <class S> S call_erfc(const S& x) { return erfc(x); }
template <class S> S call_pow(const S& x, const S& y) { return pow(x, y); }
template <class S> S call_atan2(const S& y, const S& x) { return atan2(y, x); }
// clang-format on
}  // namespace adl

// clang-format off
template <class S> S abs(const S& x) { return adl::call_abs(x); }
template <class S> S floor(const S& x) { return adl::call_floor(x); }
template <class S> S ceil(const S& x) { return adl::call_ceil(x); }
template <class S> S exp(const S& x) { return adl::call_exp(x); }
template <class S> S expm1(const S& x) { return adl::call_expm1(x); }
template <class S> S log(const S& x) { return adl::call_log(x); }
template <class S> S log1p(const S& x) { return adl::call_log1p(x); }
template <class S> S sqrt(const S& x) { return adl::call_sqrt(x); }
template <class S> S sin(const S& x) { return adl::call_sin(x); }
template <class S> S cos(const S& x) { return adl::call_cos(x); }
template <class S> S tan(const S& x) { return adl::call_tan(x); }
template <class S> S asin(const S& x) { return adl::call_asin(x); }
template <class S> S acos(const S& x) { return adl::call_acos(x); }
template <class S> S atan(const S& x) { return adl::call_atan(x); }
template <class S> S sinh(const S& x) { return adl::call_sinh(x); }
template <class S> S cosh(const S& x) { return adl::call_cosh(x); }
template <class S> S tanh(const S& x) { return adl::call_tanh(x); }
template <class S> S asinh(const S& x) { return adl::call_asinh(x); }
template <class S> S acosh(const S& x) { return adl::call_acosh(x); }
template <class S> S atanh(const S& x) { return adl::call_atanh(x); }
template <class S> S erf(const S& x) { return adl::call_erf(x); }
template <class S> S erfc(const S& x) { return adl::call_erfc(x); }
template <class S> S pow(const S& x, const S& y) { return adl::call_pow(x, y); }
template <class S> S atan2(const S& y, const S& x) { return adl::call_atan2(y, x); }
// clang-format on

// A scalar with error bounds says itself how far off the larger of two uncertain numbers may be.
template <class S>
S max(const S& a, const S& b) {
  if constexpr (requires { S::larger(a, b); })
    return S::larger(a, b);
  else
    return a < b ? b : a;
}
template <class S>
S min(const S& a, const S& b) {
  return -max(-a, -b);
}

// A constant that double does not hold exactly enough, such as pi.
template <class S>
S constant(const real& c) {
  if constexpr (std::is_same_v<S, real>)
    return c;
  else if constexpr (requires { S::constant(c); })
    return S::constant(c);
  else
    return S(static_cast<double>(c));
}
template <class S>
S pi() {
  return constant<S>(real::pi());
}

}  // namespace math

// What an op may do with its scalar. Constants are written S(2), S(0.5): they must be exact in double.
template <class S>
concept scalar = std::constructible_from<S, int> && std::constructible_from<S, double> && requires(S a, const S b) {
  a += b;
  a -= b;
  a *= b;
  a /= b;
  { a + b } -> std::convertible_to<S>;
  { a - b } -> std::convertible_to<S>;
  { a* b } -> std::convertible_to<S>;
  { a / b } -> std::convertible_to<S>;
  { -b } -> std::convertible_to<S>;
  { a < b } -> std::convertible_to<bool>;
  { a == b } -> std::convertible_to<bool>;
  { math::exp(b) } -> std::convertible_to<S>;
  {static_cast<double>(b)};
};

}  // namespace backproof
