#include "backproof/number/real.hpp"

// GCC 14 warns of a subscript beyond a number's limbs in Boost's right_shift_generic. It is less than the number's
// size(), which the optimiser does not know, and that the header is the system's does not silence the optimiser.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#include <boost/math/special_functions/erf.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#pragma GCC diagnostic pop
#include <cmath>
#include <new>
#include <type_traits>

#include "backproof/base/error.hpp"

namespace backproof {
namespace {

namespace mp = boost::multiprecision;
using wide = mp::number<mp::cpp_bin_float<BACKPROOF_DIGITS>, mp::et_off>;

static_assert(std::is_trivially_destructible_v<wide>, "real has no destructor of its own");

wide& in(real& x) { return *std::launder(static_cast<wide*>(x.storage())); }
const wide& in(const real& x) { return *std::launder(static_cast<const wide*>(x.storage())); }

// Boost adds up an exponent's digits without looking whether they still fit; nine always do.
bool exponent_is_read(const std::string& decimal) {
  const std::size_t e = decimal.find_first_of("eE");
  if (e == std::string::npos) return true;
  const std::size_t first = decimal.find_first_not_of("+-0", e + 1);
  return first == std::string::npos || decimal.size() - first <= 9;
}

}  // namespace

template <class F>
real real::make(F f) {
  static_assert(sizeof(wide) <= size && alignof(wide) <= 16, "grow the storage of real");
  real r{unset{}};
  new (r.storage()) wide(f());
  return r;
}

real::real(int value) : real(static_cast<long long>(value)) {}
real::real(long value) : real(static_cast<long long>(value)) {}
real::real(long long value) { new (bytes_) wide(value); }
real::real(double value) { new (bytes_) wide(value); }
real::real(const std::string& decimal) {
  if (!exponent_is_read(decimal)) throw invalid_input("the exponent is out of range: " + decimal.substr(0, 80));
  try {
    new (bytes_) wide(decimal);
  } catch (const std::exception&) {
    throw invalid_input("not a decimal number: " + decimal);
  }
}

real::operator double() const { return static_cast<double>(in(*this)); }
real::operator long long() const { return static_cast<long long>(in(*this)); }

double magnitude(const real& x) { return std::fabs(static_cast<double>(x)); }

real& real::operator+=(const real& b) { return in(*this) += in(b), *this; }
real& real::operator-=(const real& b) { return in(*this) -= in(b), *this; }
real& real::operator*=(const real& b) { return in(*this) *= in(b), *this; }
real& real::operator/=(const real& b) {
  // cpp_bin_float may throw on division by zero; the oracle wants the IEEE result instead.
  if (in(b) == 0) {
    const wide& a = in(*this);
    if (a == 0 || mp::isnan(a))
      *this = nan();
    else
      *this = mp::signbit(a) != mp::signbit(in(b)) ? -infinity() : infinity();
    return *this;
  }
  return in(*this) /= in(b), *this;
}
real operator-(const real& a) {
  return real::make([&] { return wide(-in(a)); });
}

bool operator==(const real& a, const real& b) { return in(a) == in(b); }
bool operator<(const real& a, const real& b) { return in(a) < in(b); }
bool operator<=(const real& a, const real& b) { return in(a) <= in(b); }

// Elementary functions. NaN goes in and out everywhere; domain errors give NaN or the limit, never an exception.
#define BACKPROOF_UNARY(name, domain, otherwise)          \
  real name(const real& x) {                              \
    const wide& v = in(x);                                \
    if (mp::isnan(v)) return x;                           \
    if (!(domain)) return (otherwise);                    \
    return real::make([&] { return wide(mp::name(v)); }); \
  }

namespace {
bool finite(const wide& v) { return mp::isfinite(v); }
// Beyond this the exponential leaves even the wide exponent range, and Boost's argument reduction is slow.
bool tame(const wide& v) { return v < 1e9 && v > -1e9; }
real sign_of(const wide& v, const real& magnitude) { return v < 0 ? -magnitude : magnitude; }
}  // namespace

BACKPROOF_UNARY(abs, true, x)
BACKPROOF_UNARY(floor, finite(v), x)
BACKPROOF_UNARY(ceil, finite(v), x)
BACKPROOF_UNARY(exp, tame(v), v > 0 ? real::infinity() : real(0))
BACKPROOF_UNARY(log, v > 0 && finite(v), v == 0 ? -real::infinity() : v > 0 ? x : real::nan())
BACKPROOF_UNARY(sqrt, v > 0 && finite(v), v < 0 ? real::nan() : x)
BACKPROOF_UNARY(sin, finite(v), real::nan())
BACKPROOF_UNARY(cos, finite(v), real::nan())
BACKPROOF_UNARY(tan, finite(v), real::nan())
BACKPROOF_UNARY(asin, v >= -1 && v <= 1, real::nan())
BACKPROOF_UNARY(acos, v >= -1 && v <= 1, real::nan())
BACKPROOF_UNARY(atan, finite(v), sign_of(v, real::pi() / real(2)))
BACKPROOF_UNARY(tanh, tame(v), sign_of(v, real(1)))
#undef BACKPROOF_UNARY

real expm1(const real& x) {
  const wide& v = in(x);
  if (mp::isnan(v)) return x;
  if (!tame(v)) return v > 0 ? real::infinity() : real(-1);
  if (v == 0) return x;
  if (mp::fabs(v) > 0.5) return exp(x) - real(1);
  // Taylor series: no cancellation for small |x|, and at most a few dozen terms.
  wide term = v, sum = v;
  for (int k = 2; mp::fabs(term) > mp::fabs(sum) * std::numeric_limits<wide>::epsilon() / 4; ++k) {
    term *= v / k;
    sum += term;
  }
  return real::make([&] { return sum; });
}

real log1p(const real& x) {
  const wide& v = in(x);
  if (mp::isnan(v)) return x;
  if (!(mp::fabs(v) < 0.25)) return log(real(1) + x);
  if (v == 0) return x;
  // log(1+x) = 2 atanh(x/(2+x)); the series in z = x/(2+x) has only positive powers of z^2 < 1/49.
  const wide z = v / (2 + v), z2 = z * z;
  wide power = z, sum = z;
  for (int k = 3; mp::fabs(power) > mp::fabs(sum) * std::numeric_limits<wide>::epsilon() / 4; k += 2) {
    power *= z2;
    sum += power / k;
  }
  return real::make([&] { return wide(2 * sum); });
}

real sinh(const real& x) {  // (e + e/(1+e))/2 with e = expm1(x): no cancellation near 0
  if (!isfinite(x)) return x;
  const real e = expm1(abs(x));
  const real s = isfinite(e) ? (e + e / (real(1) + e)) / real(2) : e;
  return x < real(0) ? -s : s;
}

real cosh(const real& x) {
  if (isnan(x)) return x;
  const real e = exp(abs(x));
  return isfinite(e) ? (e + real(1) / e) / real(2) : e;
}

real asinh(const real& x) {  // log1p(a + a^2/(1+sqrt(1+a^2))) with a = |x|: no cancellation near 0 nor for x < 0
  if (!isfinite(x)) return x;
  const real a = abs(x), s = a * a;
  const real r = log1p(a + s / (real(1) + sqrt(real(1) + s)));
  return x < real(0) ? -r : r;
}

real acosh(const real& x) {
  if (!(x >= real(1))) return real::nan();
  if (!isfinite(x)) return x;
  const real t = x - real(1);
  return log1p(t + sqrt(t * (t + real(2))));
}

real atanh(const real& x) {
  if (!(abs(x) <= real(1))) return real::nan();
  if (abs(x) == real(1)) return x / real(0);
  const real a = abs(x), r = log1p(real(2) * a / (real(1) - a)) / real(2);
  return x < real(0) ? -r : r;
}

real erf(const real& x) {
  const wide& v = in(x);
  if (mp::isnan(v)) return x;
  if (!(mp::fabs(v) < 1e4)) return sign_of(v, real(1));
  return real::make([&] { return wide(boost::math::erf(v)); });
}

real erfc(const real& x) {
  const wide& v = in(x);
  if (mp::isnan(v)) return x;
  if (!(mp::fabs(v) < 1e4)) return v < 0 ? real(2) : real(0);
  return real::make([&] { return wide(boost::math::erfc(v)); });
}

real pow(const real& x, const real& y) {
  if (isnan(x) || isnan(y)) return real::nan();
  if (y == real(0) || x == real(1)) return real(1);
  if (x == real(0)) return y > real(0) ? real(0) : real::infinity();
  if (x < real(0)) {
    if (floor(y) != y) return real::nan();
    const real half = y / real(2), magnitude = pow(-x, y);
    return floor(half) == half ? magnitude : -magnitude;
  }
  if (!isfinite(y) || !isfinite(x)) return exp(y * log(x));
  return real::make([&] { return wide(mp::pow(in(x), in(y))); });
}

real atan2(const real& y, const real& x) {
  if (isnan(x) || isnan(y)) return real::nan();
  return real::make([&] { return wide(mp::atan2(in(y), in(x))); });
}

real ldexp(const real& x, int power) {
  return real::make([&] { return wide(mp::ldexp(in(x), power)); });
}
int ilogb(const real& x) { return static_cast<int>(mp::ilogb(in(x))); }
bool isfinite(const real& x) { return mp::isfinite(in(x)); }
bool isnan(const real& x) { return mp::isnan(in(x)); }
bool signbit(const real& x) { return mp::signbit(in(x)) != 0; }

real real::epsilon() {
  return make([] { return std::numeric_limits<wide>::epsilon(); });
}
real real::infinity() {
  return make([] { return std::numeric_limits<wide>::infinity(); });
}
real real::nan() {
  return make([] { return std::numeric_limits<wide>::quiet_NaN(); });
}
real real::pi() {
  static const real value = make([] { return boost::math::constants::pi<wide>(); });
  return value;
}

std::string real::decimal(int digits) const { return in(*this).str(digits - 1, std::ios_base::scientific); }

}  // namespace backproof
