// A number in a floating-point format chosen at run time: the reference op run over `rounded` is a correct
// implementation of that op in f64, f32, f16 or bf16, and so the subject that backproof judges by default.
//
// Each + - * / and sqrt is done in double and rounded once to the format, which gives exactly the result of the narrow
// operation (see round_to). Elementary functions are within one ulp. An `arithmetic` fixes what the format leaves open:
// the order of sums, and whether products are fused into them.
#pragma once

#include <vector>

#include "backproof/number/dtype.hpp"
#include "backproof/number/math.hpp"
#include "backproof/number/sum.hpp"

namespace backproof {

enum class order { forward, reverse, pairwise, blocked };

struct arithmetic {
  format fmt = format_of(dtype::f64);
  order sums = order::forward;
  bool fused = false;  // a*b + c rounded once, in sums
};

class rounded {
 public:
  rounded() = default;
  rounded(int v) : v_(v) {}
  rounded(double v) : v_(fit(v)) {}  // rounded to the format in force
  explicit operator double() const { return v_; }

  // The arithmetic in force on this thread, while a `use` lives.
  class use {
   public:
    explicit use(const arithmetic& a);
    ~use();
    use(const use&) = delete;
    use& operator=(const use&) = delete;

   private:
    arithmetic previous_;
  };
  static const arithmetic& current();

  rounded& operator+=(rounded b) { return *this = *this + b; }
  rounded& operator-=(rounded b) { return *this = *this - b; }
  rounded& operator*=(rounded b) { return *this = *this * b; }
  rounded& operator/=(rounded b) { return *this = *this / b; }
  friend rounded operator+(rounded a, rounded b) { return rounded(a.v_ + b.v_); }
  friend rounded operator-(rounded a, rounded b) { return rounded(a.v_ - b.v_); }
  friend rounded operator*(rounded a, rounded b) { return rounded(a.v_ * b.v_); }
  friend rounded operator/(rounded a, rounded b) { return rounded(a.v_ / b.v_); }
  friend rounded operator-(rounded a) { return a.v_ = -a.v_, a; }
  friend bool operator==(rounded a, rounded b) { return a.v_ == b.v_; }
  friend bool operator!=(rounded a, rounded b) { return a.v_ != b.v_; }
  friend bool operator<(rounded a, rounded b) { return a.v_ < b.v_; }
  friend bool operator<=(rounded a, rounded b) { return a.v_ <= b.v_; }
  friend bool operator>(rounded a, rounded b) { return a.v_ > b.v_; }
  friend bool operator>=(rounded a, rounded b) { return a.v_ >= b.v_; }

  friend rounded abs(rounded x) { return rounded(std::fabs(x.v_)); }
  friend rounded floor(rounded x) { return rounded(std::floor(x.v_)); }
  friend rounded ceil(rounded x) { return rounded(std::ceil(x.v_)); }
  friend rounded exp(rounded x) { return rounded(std::exp(x.v_)); }
  friend rounded expm1(rounded x) { return rounded(std::expm1(x.v_)); }
  friend rounded log(rounded x) { return rounded(std::log(x.v_)); }
  friend rounded log1p(rounded x) { return rounded(std::log1p(x.v_)); }
  friend rounded sqrt(rounded x) { return rounded(std::sqrt(x.v_)); }
  friend rounded sin(rounded x) { return rounded(std::sin(x.v_)); }
  friend rounded cos(rounded x) { return rounded(std::cos(x.v_)); }
  friend rounded tan(rounded x) { return rounded(std::tan(x.v_)); }
  friend rounded asin(rounded x) { return rounded(std::asin(x.v_)); }
  friend rounded acos(rounded x) { return rounded(std::acos(x.v_)); }
  friend rounded atan(rounded x) { return rounded(std::atan(x.v_)); }
  friend rounded sinh(rounded x) { return rounded(std::sinh(x.v_)); }
  friend rounded cosh(rounded x) { return rounded(std::cosh(x.v_)); }
  friend rounded tanh(rounded x) { return rounded(std::tanh(x.v_)); }
  friend rounded asinh(rounded x) { return rounded(std::asinh(x.v_)); }
  friend rounded acosh(rounded x) { return rounded(std::acosh(x.v_)); }
  friend rounded atanh(rounded x) { return rounded(std::atanh(x.v_)); }
  friend rounded erf(rounded x) { return rounded(std::erf(x.v_)); }
  friend rounded erfc(rounded x) { return rounded(std::erfc(x.v_)); }
  friend rounded pow(rounded x, rounded y) { return rounded(std::pow(x.v_, y.v_)); }
  friend rounded atan2(rounded y, rounded x) { return rounded(std::atan2(y.v_, x.v_)); }

 private:
  static double fit(double v);
  double v_ = 0;
};

template <>
class sum<rounded> {
 public:
  sum& operator+=(rounded term) { return terms_.push_back({term, rounded(1)}), *this; }
  void add_product(rounded a, rounded b) { terms_.push_back({a, b}); }
  rounded value() const;

 private:
  struct product {
    rounded a, b;
  };
  rounded run(std::size_t first, std::size_t last) const;       // in index order
  rounded pairwise(std::size_t first, std::size_t last) const;  // by halves
  std::vector<product> terms_;
};

}  // namespace backproof
