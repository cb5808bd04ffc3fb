// How good the methods are.
#include <cmath>

#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/model/random.hpp"
#include "law.hpp"

namespace backproof::flow::tests {
namespace {

double lanczos_over_true(int steps) {
  const matrix m = source(1, "lanczos").gaussian(500, 500, 1);
  return norm_from_below(map_of(m), steps).value / singular_values(m)(0);
}

// Gram iteration's bound is (sum s^p)^(1/p), exactly and for every matrix, with p = 2^(steps + 1). By how much that
// exceeds the norm depends on the gap below the largest s, which differs from matrix to matrix more than from 0.
double gram_over_its_sum(int steps) {
  const matrix m = source(1, "gram").gaussian(200, 200, 1);
  const vector s = singular_values(m);
  const double p = std::ldexp(1, steps + 1);
  return norm_from_above(m, steps) / (s(0) * std::pow((s / s(0)).array().pow(p).sum(), 1 / p));
}

// log10 of the smallest singular value of a product of 12 Gaussian matrices, N=16: by sweeps, against 50-digit-safe
// reasoning: the sum over all of them is that of the factors' log determinants.
double determinant_deviation() {
  source random(1, "determinant");
  std::vector<matrix> factors;
  std::vector<linear_map> maps;
  double log_determinant = 0;
  for (int k = 0; k < 12; ++k) factors.push_back(random.gaussian(16, 16, 0.25));
  for (const matrix& f : factors) {
    log_determinant += singular_values(f).array().log10().sum();
    maps.push_back(map_of(f));
  }
  double sum = 0;
  for (const double s : spectrum_of_product(maps, 4).log10_values) sum += s;
  return std::fabs(sum - log_determinant);
}

// Diagonal factors: the product's singular values span 60 decades, and are known.
double graded_deviation() {
  source random(1, "graded");
  const matrix u = random.orthogonal(4, 4);
  const vector d = (vector(4) << 10, 1, 1e-2, 1e-5).finished();
  std::vector<matrix> factors;
  for (int k = 0; k < 12; ++k) factors.push_back(u * d.asDiagonal() * u.transpose());
  std::vector<linear_map> maps;
  for (const matrix& f : factors) maps.push_back(map_of(f));
  const std::vector<double> logs = spectrum_of_product(maps, 3).log10_values;
  return std::fabs(logs[0] - 12) + std::fabs(logs[1]) + std::fabs(logs[2] + 24) + std::fabs(logs[3] + 60);
}

double smallest_of_formed_product() {
  source random(1, "formed");
  matrix product = matrix::Identity(64, 64);
  for (int k = 0; k < 32; ++k) product = (random.gaussian(64, 64, 0.125) * product).eval();
  const vector s = singular_values(product);
  return s(63) / s(0);
}

}  // namespace

std::vector<law> numerical_laws() {
  return {
      {"from below", "Lanczos, 500×500 Gaussian, 10 steps: estimate / norm", 0.9928, 0.006,
       [] { return lanczos_over_true(10); }},
      {"from below", "30 steps", 0.99997, 4e-5, [] { return lanczos_over_true(30); }},
      {"from above", "Gram iteration, 200×200 Gaussian, 5 iterations: bound / (Σ s⁶⁴)^(1/64)", 1, 1e-12,
       [] { return gram_over_its_sum(5); }},
      {"from above", "7 iterations: bound / (Σ s²⁵⁶)^(1/256)", 1, 1e-12, [] { return gram_over_its_sum(7); }},
      {"products", "12 Gaussian 16×16: Σ log10 s against the factors' determinants", 0, 1e-10, determinant_deviation},
      {"products", "12 factors whose product spans 72 decades: worst error of log10 s", 0, 1e-8, graded_deviation},
      {"products", "32 Gaussian 64×64, *formed*: s_min/s_max, which is truly 1e−38, is lost in rounding", 0, 1e-15,
       smallest_of_formed_product},
  };
}

}  // namespace backproof::flow::tests
