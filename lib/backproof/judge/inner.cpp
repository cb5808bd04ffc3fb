#include "backproof/judge/inner.hpp"

namespace backproof {

weighed inner(const value_list<real>& a, const value_list<real>& b) {
  weighed total;
  for (std::size_t k = 0; k < a.size(); ++k)
    for (index_t i = 0; b[k].present() && i < a[k].size(); ++i) total.add(a[k][i] * b[k][i]);
  return total;
}

value_list<real> moved(const value_list<real>& x, const value_list<real>& u, const real& step) {
  value_list<real> to = x;
  for (std::size_t k = 0; k < to.size(); ++k)
    for (index_t i = 0; i < u[k].size(); ++i) to[k][i] += step * u[k][i];
  return to;
}

real difference_step(const value_list<real>& u) {
  real largest = 0;
  for (const values<real>& one : u)
    for (index_t i = 0; i < one.size(); ++i) largest = math::max(largest, abs(one[i]));
  return ldexp(real(1), ilogb(real::epsilon()) / 3) / (largest > real(0) ? largest : real(1));
}

}  // namespace backproof
