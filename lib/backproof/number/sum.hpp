// Sums in ops.
//
// Floating-point addition is not associative, and implementations add in any order they like. Ops therefore never
// write s = s + t for a reduction; they collect the terms in a sum<S>. For most scalars that is plain addition,
// but bounded<S> uses it to give the bound for *any* order, and `rounded` to add in a chosen one.
#pragma once

namespace backproof {

template <class S>
class sum {
 public:
  sum& operator+=(const S& term) { return total_ += term, *this; }
  void add_product(const S& a, const S& b) { total_ += a * b; }  // may be fused where S knows how
  S value() const { return total_; }

 private:
  S total_ = S(0);
};

}  // namespace backproof
