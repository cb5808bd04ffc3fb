#include "backproof/flow/theory/laws.hpp"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <numbers>

namespace backproof::flow {
namespace {

using boost::math::digamma;
using boost::math::trigamma;

// ln of (scale) chi^2_k.
log_law log_chi_square(double k, double scale) { return {digamma(k / 2) + std::log(2 * scale), trigamma(k / 2)}; }

double edge_scale(int rows, int columns) { return std::sqrt(rows - 1.0) + std::sqrt(static_cast<double>(columns)); }

}  // namespace

log_law linear_log_law(int n) { return log_chi_square(n, 1.0 / n); }

log_law relu_log_law(int n) {
  double mean = 0, square = 0, all = 0;
  for (int k = 1; k <= n; ++k) {  // no unit active has the probability 2^-n, and no logarithm
    const double p =
        std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) - n * std::numbers::ln2);
    const log_law l = log_chi_square(k, 2.0 / n);
    all += p, mean += p * l.mean, square += p * (l.variance + l.mean * l.mean);
  }
  mean /= all;
  return {mean, square / all - mean * mean};
}

double linear_second_moment(int n, int layers) {
  const double w = n;
  double x = 1, y = 1;  // E ||J^T J||_F^2 / n and E (||J||_F^2 / n)^2
  for (int k = 0; k < layers; ++k) {
    const double next = x * (1 + 1 / w) + y;
    y += 2 * x / (w * w);
    x = next;
  }
  return x;
}

double relu_second_moment(int n, int layers) {
  const double w = n;
  double x = 1, y = 1;
  for (int k = 0; k < layers; ++k) {
    const double next = x * (1 + 3 / w) + 2 * y;
    y = y * (1 + 1 / w) + 4 * x / (w * w);
    x = next;
  }
  return x;
}

singular_bulk bulk_of(int rows, int columns, double frobenius) {
  const double large = std::max(rows, columns), small = std::min(rows, columns);
  const double deviation = frobenius / std::sqrt(large * small);  // of an entry
  return {deviation * (std::sqrt(large) - std::sqrt(small)), deviation * (std::sqrt(large) + std::sqrt(small)),
          std::min(rows, columns)};
}

double density(const singular_bulk& b, double s) {
  if (!(s > b.low && s < b.high)) return 0;
  const double small = (b.high - b.low) / 2;  // the deviation of an entry times sqrt(count)
  return std::sqrt((b.high * b.high - s * s) * (s * s - b.low * b.low)) / (std::numbers::pi * small * small);
}

std::vector<std::pair<double, double>> fuss_catalan(int factors, int points) {
  const double l = factors;
  std::vector<std::pair<double, double>> curve;
  for (int k = points; k > 0; --k) {  // as the angle falls to 0, s grows to the edge
    const double phi = std::numbers::pi / (l + 1) * k / (points + 1);
    const double one = std::sin(phi), inner = std::sin(l * phi), outer = std::sin((l + 1) * phi);
    const double square = std::pow(outer, l + 1) / (one * std::pow(inner, l));  // s^2
    const double rho = one * one * std::pow(inner, l - 1) / (std::numbers::pi * std::pow(outer, l));
    curve.emplace_back(std::sqrt(square), 2 * square * rho);
  }
  return curve;
}

double tracy_widom_mean(int rows, int columns) {
  const double sum = edge_scale(rows, columns);
  const double scale = sum * std::cbrt(1 / std::sqrt(rows - 1.0) + 1 / std::sqrt(static_cast<double>(columns)));
  const double square = (sum * sum - 1.2065 * scale) / rows, deviation = 1.268 * scale / rows;
  return std::sqrt(square) - deviation * deviation / (8 * std::pow(square, 1.5));  // E sqrt, to second order
}

double gaussian_norm_bound(int rows, int columns, double t) {
  const double n = rows;
  return 1 + std::sqrt(columns / n) + t / std::sqrt(n);
}

double lyapunov_exponent(int n, int k) { return (std::numbers::ln2 + digamma((n - k + 1) / 2.0) - std::log(n)) / 2; }

double linear_edge(int layers) { return std::pow(layers + 1, layers + 1) / std::pow(layers, layers); }

double relu_orthogonal_edge(int layers) { return std::pow(layers, layers) / std::pow(layers - 1, layers - 1); }

double relu_gaussian_edge(int layers) {
  const double n = layers, z = (1 - n + std::sqrt(n * n + 1)) / (2 * n);
  return (1 + z) / z * std::pow(1 + 2 * z, n);
}

double batch_norm_relu_factor() { return std::numbers::pi / (std::numbers::pi - 1); }

double finite_width_noise(double kappa, double beta) { return std::sqrt(kappa * beta) / (2 * std::numbers::ln10); }

}  // namespace backproof::flow
