#include "backproof/flow/theory/mean_field.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace backproof::flow {
namespace {

double layers_per_e(double factor) {
  return factor == 1 ? std::numeric_limits<double>::infinity() : -1 / std::log(factor);
}

}  // namespace

double gaussian_mean(double variance, const std::function<double(double)>& f) {
  constexpr int half = 2000;
  constexpr double step = 0.006;
  const double deviation = std::sqrt(variance);
  double sum = 0;
  for (int k = -half; k < half; ++k) {
    const double z = (k + 0.5) * step;
    sum += std::exp(-z * z / 2) * f(deviation * z);
  }
  return sum * step / std::sqrt(2 * std::numbers::pi);
}

double next_variance(const activation& a, double sw2, double sb2, double q) {
  return sb2 + sw2 * gaussian_mean(q, [&](double z) { return a.value(z) * a.value(z); });
}

double chi_at(const activation& a, double sw2, double q) { return sw2 * slope_moment(a, q, 1); }

double slope_moment(const activation& a, double q, int k) {
  return gaussian_mean(q, [&](double z) { return std::pow(a.slope(z), 2 * k); });
}

mean_field fixed_point(const activation& a, double sw2, double sb2) {
  double q = 1;
  for (int k = 0; k < 3000; ++k) {
    const double next = next_variance(a, sw2, sb2, q);
    const bool settled = std::fabs(next - q) <= 1e-13 * q || next < 1e-12 || next > 1e12;
    q = next;
    if (settled) break;
  }
  if (q < 1e-12) q = 0;
  mean_field m{sw2, sb2, q, chi_at(a, sw2, q), 0, 0};
  const double bend = gaussian_mean(q, [&](double z) { return a.curvature(z) * a.value(z); });
  m.xi = layers_per_e(m.chi);
  m.xi_length = layers_per_e(m.chi + sw2 * bend);
  return m;
}

mean_field critical_at(const activation& a, double q) {
  const double sw2 = 1 / slope_moment(a, q, 1);
  return {sw2, q - next_variance(a, sw2, 0, q), q, 1, layers_per_e(1), 0};
}

mean_field critical_for_bias(const activation& a, double sb2) {
  double low = 0, high = 1;
  while (critical_at(a, high).sb2 < sb2 && high < 1e6) high *= 2;
  for (int k = 0; k < 60; ++k) {
    const double middle = (low + high) / 2;
    (critical_at(a, middle).sb2 < sb2 ? low : high) = middle;
  }
  return critical_at(a, (low + high) / 2);
}

double spectrum_variance(const activation& a, double q, int layers, bool orthogonal) {
  const double first = slope_moment(a, q, 1), second = slope_moment(a, q, 2);
  return layers * (second / (first * first) - (orthogonal ? 1 : 0));
}

double product_of_chi(const activation& a, double sw2, double sb2, double q, int layers) {
  double product = 1;
  for (int k = 0; k < layers; ++k) {
    product *= chi_at(a, sw2, q);
    q = next_variance(a, sw2, sb2, q);
  }
  return product;
}

double log_product_of_residual_chi(const activation& a, double q, int layers) {
  double sum = 0;
  for (int k = 0; k < layers; ++k) {
    sum += std::log1p(slope_moment(a, q, 1));
    q += next_variance(a, 1, 0, q);
  }
  return sum;
}

}  // namespace backproof::flow
