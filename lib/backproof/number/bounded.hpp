// A value with a bound on the error that any backward-stable evaluation of it may make.
//
// The oracle runs an op's own formula over bounded<real>. The value part is the wide-precision result; the error part
// is a worst-case bound, for the arithmetic described by a `rounding_model`, on how far another implementation may
// land from it when it (1) perturbs each input by one unit roundoff, (2) rounds every operation, (3) adds the terms
// of each sum in any order, fused or not, (4) evaluates elementary functions to a few ulps, and (5) underflows
// gradually. The rules are those of running error analysis (Higham, Accuracy and Stability of Numerical Algorithms,
// 2nd ed., sections 2.2, 3.1, 3.3 and 4.2), kept rigorous rather than first-order: products of errors are not dropped.
//
// A number on which no operation has been done is `exact`: an implementation that only moves data, or multiplies by
// one, has nothing to round, and must return it bit for bit.
#pragma once

#include <algorithm>
#include <limits>

#include "backproof/number/dtype.hpp"
#include "backproof/number/math.hpp"
#include "backproof/number/sum.hpp"

namespace backproof {

struct rounding_model {
  double unit = 0;  // u, unit roundoff of the arithmetic (the accumulator's, if that is wider than storage)
  double tiny = 0;  // smallest positive number of the arithmetic: the error of an operation that underflows
  double largest = std::numeric_limits<double>::infinity();  // beyond it an operation overflows, and nothing is known
  double function = 8;  // error of an elementary function in units of u; 8 u = 4 ulp is what glibc's libmvec grants

  static rounding_model of(const format& f) { return {.unit = f.unit(), .tiny = f.tiny(), .largest = f.largest()}; }
  // Subnormal numbers are taken for zero, as operands and as results.
  static rounding_model flushing(const format& f) {
    return {.unit = f.unit(), .tiny = f.smallest(), .largest = f.largest()};
  }
};

template <class S>
class bounded {
 public:
  bounded() = default;
  bounded(int v) : value_(v) {}
  bounded(double v);  // a constant: exact where the arithmetic can represent it, else off by u|v|

  // An input of the op: exact as it stands, but backward stability may perturb it by u once it is computed with.
  static bounded input(const S& v);
  static bounded within(const S& v, double error) { return bounded(v, error, false); }  // the result of another op
  static bounded constant(const S& v);  // an irrational one, such as pi: off by u|v|
  // The larger of two numbers that are both known within bounds only; if they overlap, either may be taken for it.
  static bounded larger(const bounded& a, const bounded& b);

  const S& value() const { return value_; }
  double error() const { return exact_ ? 0 : error_; }  // |any stable result - value| <= error
  bool exact() const { return exact_; }
  explicit operator double() const { return static_cast<double>(value_); }

  // The model in force on this thread, while a `use` lives.
  class use {
   public:
    explicit use(const rounding_model& m);
    ~use();
    use(const use&) = delete;
    use& operator=(const use&) = delete;

   private:
    rounding_model previous_;
  };

  bounded& operator+=(const bounded& b) { return *this = *this + b; }
  bounded& operator-=(const bounded& b) { return *this = *this - b; }
  bounded& operator*=(const bounded& b) { return *this = *this * b; }
  bounded& operator/=(const bounded& b) { return *this = *this / b; }
  friend bounded operator+(const bounded& a, const bounded& b) { return add(a, b); }
  friend bounded operator-(const bounded& a, const bounded& b) { return add(a, -b); }
  friend bounded operator*(const bounded& a, const bounded& b) { return multiply(a, b); }
  friend bounded operator/(const bounded& a, const bounded& b) { return divide(a, b); }
  friend bounded operator-(bounded a) { return a.value_ = -a.value_, a; }
  friend bool operator==(const bounded& a, const bounded& b) { return a.value_ == b.value_; }
  friend bool operator!=(const bounded& a, const bounded& b) { return !(a.value_ == b.value_); }
  friend bool operator<(const bounded& a, const bounded& b) { return a.value_ < b.value_; }
  friend bool operator<=(const bounded& a, const bounded& b) { return a.value_ <= b.value_; }
  friend bool operator>(const bounded& a, const bounded& b) { return b.value_ < a.value_; }
  friend bool operator>=(const bounded& a, const bounded& b) { return b.value_ <= a.value_; }

  friend bounded abs(bounded x) { return x.value_ = math::abs(x.value_), x; }
  friend bounded floor(const bounded& x) { return bounded(math::floor(x.value_), 0, true); }
  friend bounded ceil(const bounded& x) { return bounded(math::ceil(x.value_), 0, true); }
  friend bounded sqrt(const bounded& x) { return root(x); }
  friend bounded exp(const bounded& x) { return monotone(x, math::exp<S>); }
  friend bounded expm1(const bounded& x) { return monotone(x, math::expm1<S>); }
  friend bounded log(const bounded& x) { return monotone(x, math::log<S>); }
  friend bounded log1p(const bounded& x) { return monotone(x, math::log1p<S>); }
  friend bounded sin(const bounded& x) { return lipschitz(x, math::sin<S>); }
  friend bounded cos(const bounded& x) { return lipschitz(x, math::cos<S>); }
  friend bounded tan(const bounded& x) { return sin(x) / cos(x); }  // which knows of the poles
  friend bounded asin(const bounded& x) { return monotone(x, math::asin<S>); }
  friend bounded acos(const bounded& x) { return monotone(x, math::acos<S>); }
  friend bounded atan(const bounded& x) { return monotone(x, math::atan<S>); }
  friend bounded sinh(const bounded& x) { return monotone(x, math::sinh<S>); }
  friend bounded cosh(const bounded& x) { return monotone(x, math::cosh<S>); }
  friend bounded tanh(const bounded& x) { return monotone(x, math::tanh<S>); }
  friend bounded asinh(const bounded& x) { return monotone(x, math::asinh<S>); }
  friend bounded acosh(const bounded& x) { return monotone(x, math::acosh<S>); }
  friend bounded atanh(const bounded& x) { return monotone(x, math::atanh<S>); }
  friend bounded erf(const bounded& x) { return monotone(x, math::erf<S>); }
  friend bounded erfc(const bounded& x) { return monotone(x, math::erfc<S>); }
  friend bounded pow(const bounded& x, const bounded& y) { return corners(x, y, math::pow<S>); }
  friend bounded atan2(const bounded& y, const bounded& x) { return corners(y, x, math::atan2<S>); }

 private:
  template <class>
  friend class sum;
  bounded(S value, double error, bool exact) : value_(std::move(value)), error_(error), exact_(exact) {}

  static bounded add(const bounded& a, const bounded& b);
  static bounded multiply(const bounded& a, const bounded& b);
  static bounded divide(const bounded& a, const bounded& b);
  static bounded root(const bounded& x);
  static bounded monotone(const bounded& x, S (*f)(const S&));
  static bounded lipschitz(const bounded& x, S (*f)(const S&));
  static bounded corners(const bounded& x, const bounded& y, S (*f)(const S&, const S&));
  static bounded rounded_by(S value, double propagated, double roundings);  // adds the operation's own rounding

  S value_ = S(0);
  double error_ = 0;  // as if the input had been perturbed already
  bool exact_ = true;
};

// The bound of a sum of n terms in any order: the terms' own errors, and gamma(n-1) times the sum of their absolute
// values, gamma(k) = k u / (1 - k u) (Higham, 4.2). Exact zeros are no terms: adding them rounds nothing.
template <class S>
class sum<bounded<S>> {
 public:
  sum& operator+=(const bounded<S>& term);
  void add_product(const bounded<S>& a, const bounded<S>& b) { *this += a * b; }
  bounded<S> value() const;

 private:
  bounded<S> first_;  // returned as it is while it is the only term
  S total_ = S(0);
  double magnitude_ = 0;  // sum of |term|
  double errors_ = 0;     // sum of the terms' errors
  long terms_ = 0;
};

extern template class bounded<real>;
extern template class sum<bounded<real>>;

}  // namespace backproof
