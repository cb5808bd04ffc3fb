// The wide scalar in which the oracle computes.
//
// `real` is a binary floating-point number of BACKPROOF_DIGITS decimal digits (50 by default, 100 as a build
// option), rounded to nearest, with infinities, NaN and an exponent range far beyond double's.
//
// The type is opaque on purpose. Its arithmetic is Boost.Multiprecision's cpp_bin_float, but only real.cpp sees
// that header: an op instantiated on `real` compiles as fast as one instantiated on double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "backproof/base/config.hpp"

namespace backproof {

class real {
 public:
  real() : real(0) {}
  real(int value);                            // exact
  real(long value);                           // exact
  real(long long value);                      // exact
  real(double value);                         // exact, including subnormals, infinities and NaN
  explicit real(const std::string& decimal);  // throws invalid_input

  explicit operator double() const;     // rounded to nearest
  explicit operator long long() const;  // truncated; the value must fit

  real& operator+=(const real& b);
  real& operator-=(const real& b);
  real& operator*=(const real& b);
  real& operator/=(const real& b);
  friend real operator+(real a, const real& b) { return a += b; }
  friend real operator-(real a, const real& b) { return a -= b; }
  friend real operator*(real a, const real& b) { return a *= b; }
  friend real operator/(real a, const real& b) { return a /= b; }
  friend real operator-(const real& a);

  // Comparisons with NaN are false, != excepted, as for double.
  friend bool operator==(const real& a, const real& b);
  friend bool operator<(const real& a, const real& b);
  friend bool operator<=(const real& a, const real& b);
  friend bool operator!=(const real& a, const real& b) { return !(a == b); }
  friend bool operator>(const real& a, const real& b) { return b < a; }
  friend bool operator>=(const real& a, const real& b) { return b <= a; }

  friend real abs(const real& x);
  friend real floor(const real& x);
  friend real ceil(const real& x);
  friend real exp(const real& x);
  friend real expm1(const real& x);
  friend real log(const real& x);
  friend real log1p(const real& x);
  friend real sqrt(const real& x);
  friend real sin(const real& x);
  friend real cos(const real& x);
  friend real tan(const real& x);
  friend real asin(const real& x);
  friend real acos(const real& x);
  friend real atan(const real& x);
  friend real sinh(const real& x);
  friend real cosh(const real& x);
  friend real tanh(const real& x);
  friend real asinh(const real& x);
  friend real acosh(const real& x);
  friend real atanh(const real& x);
  friend real erf(const real& x);
  friend real erfc(const real& x);
  friend real pow(const real& x, const real& y);
  friend real atan2(const real& y, const real& x);
  friend real ldexp(const real& x, int power);  // x * 2^power, exact
  friend int ilogb(const real& x);              // floor(log2 |x|); x must be finite and not zero
  friend bool isfinite(const real& x);
  friend bool isnan(const real& x);
  friend bool signbit(const real& x);

  static real epsilon();  // distance from 1 to the next larger number
  static real infinity();
  static real nan();
  static real pi();

  std::string decimal(int digits) const;  // scientific notation with that many significant digits

  // Implementation access for real.cpp; not for use elsewhere.
  void* storage() { return bytes_; }
  const void* storage() const { return bytes_; }

 private:
  struct unset {};
  explicit real(unset) {}
  template <class F>
  static real make(F f);

  static constexpr std::size_t size = BACKPROOF_DIGITS <= 50 ? 64 : 96;
  alignas(16) std::byte bytes_[size];
};

real sqrt(const real& x);         // so that an op can say backproof::sqrt where the struct sqrt of another op is nearer
double magnitude(const real& x);  // |x|, rounded to nearest

}  // namespace backproof
