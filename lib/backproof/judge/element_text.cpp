#include "backproof/judge/element_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace backproof {

std::string coordinates(const shape& dims, index_t i) {
  std::string text;
  const shape steps = strides_of(dims);
  for (std::size_t k = 0; k < dims.size(); ++k) {
    text += (k ? "," : "") + std::to_string(i / steps[k]);
    i %= steps[k];
  }
  return dims.empty() ? "" : "[" + text + "]";
}

std::string shortest(double x, dtype t) {
  return t == dtype::f64 ? fmt::format("{}", x) : fmt::format("{}", static_cast<float>(x));
}

std::string digits_of(const real& x, int digits) {
  std::string text = x.decimal(digits);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;  // an infinity or NaN
  std::string mantissa = text.substr(0, e), exponent = text.substr(e);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return exponent == "e+00" ? mantissa : mantissa + exponent;
}

std::string derivation(const element& e, const precision& p) {
  const std::string unit = fmt::format("u({})", p.storage == dtype::f64 ? "f64" : name_of(p.storage));
  if (e.bound == 0) return "nothing is computed here, so nothing may be rounded";
  const double g = std::fabs(std::strtod(e.expected.c_str(), nullptr));
  if (!(e.bound < g)) return "exceeds the value: cancellation, or underflow, may leave any evaluation nothing of it";
  return fmt::format("{:.3g} {} of the value: each operation rounded, sums in any order, inputs known to one {}",
                     e.bound / g / format_of(p.storage).unit(), unit, unit);
}

}  // namespace backproof
