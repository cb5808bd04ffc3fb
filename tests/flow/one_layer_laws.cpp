// One random matrix.
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/theory/laws.hpp"
#include "law.hpp"
#include "sampling.hpp"

namespace backproof::flow::tests {
namespace {

std::vector<double> largest_of(int rows, int columns, int count) {
  std::vector<double> list;
  source random(1, "marchenko-pastur");
  for (int k = 0; k < count; ++k)
    list.push_back(singular_values(random.gaussian(rows, columns, 1 / std::sqrt(rows)))(0));
  return list;
}

double mean_of(const std::vector<double>& x) { return statistics_of(x).mean; }

// How far the share of singular values below s is from the law's, at most: the law's integral over ln s is taken in
// steps.
double distance_to_the_bulk(int rows, int columns) {
  const matrix w = source(1, "marchenko-pastur").gaussian(rows, columns, 1 / std::sqrt(rows));
  vector s = singular_values(w);
  std::sort(s.begin(), s.end());
  const singular_bulk b = bulk_of(rows, columns, w.norm());
  constexpr int steps = 20000;
  const double low = std::max(b.low, 1e-6 * b.high), step = std::log(b.high / low) / steps;
  double below = 0, worst = 0;
  for (int k = 0; k < steps; ++k) {
    const double at = low * std::exp((k + 0.5) * step);
    below += density(b, at) * step;
    const double found = static_cast<double>(std::lower_bound(s.begin(), s.end(), at * std::exp(step / 2)) - s.begin());
    worst = std::max(worst, std::fabs(found / static_cast<double>(s.size()) - below));
  }
  return worst;
}

// The mean of s^(2k) by the curve: the k-th number of Fuss and Catalan, binomial(k L + k, k) / (k L + 1).
double fuss_catalan_moment(int factors, int power) {
  const auto curve = fuss_catalan(factors, 200000);
  double sum = 0;
  for (std::size_t k = 1; k < curve.size(); ++k) {
    const auto& [a, f] = curve[k - 1];
    const auto& [b, g] = curve[k];
    sum += (f * std::pow(a, 2 * power) + g * std::pow(b, 2 * power)) / 2 * std::log(b / a);
  }
  return sum;
}

double smallest_mean(int rows, int columns, int count) {
  std::vector<double> list;
  source random(1, "marchenko-pastur");
  for (int k = 0; k < count; ++k)
    list.push_back(singular_values(random.gaussian(rows, columns, 1 / std::sqrt(rows)))(columns - 1));
  return mean_of(list);
}

double beyond_davidson_szarek() {
  const std::vector<double> list = largest_of(400, 100, 50);
  return static_cast<double>(
      std::count_if(list.begin(), list.end(), [](double s) { return s > gaussian_norm_bound(400, 100, 7); }));
}

double spectral_radius() {
  std::vector<double> list;
  source random(1, "circular law");
  for (int k = 0; k < 8; ++k)
    list.push_back(Eigen::EigenSolver<matrix>(random.gaussian(500, 500, 1 / std::sqrt(500.0)), false)
                       .eigenvalues()
                       .cwiseAbs()
                       .maxCoeff());
  return mean_of(list);
}

// U(+-sqrt(6/(in+out))) through 100-300-50-200-120: the product of 2 in / (in + out).
double glorot_product() {
  constexpr int sizes[] = {100, 300, 50, 200, 120};
  double sum = 0;
  constexpr int networks = 4000;
  for (int k = 0; k < networks; ++k) {
    source random(1, "glorot", static_cast<std::uint64_t>(k));
    vector v = random.unit(120);
    for (int l = 4; l-- > 0;) {
      const drawn w =
          draw_weights({initialization::glorot, 1, 0}, sizes[l + 1], sizes[l], sizes[l], sizes[l + 1], random);
      v = (w.weight.transpose() * v).eval();
    }
    sum += v.squaredNorm() / networks;
  }
  return sum;
}

}  // namespace

std::vector<law> one_layer_laws() {
  return {
      {"MP", "400×100, variance 1/400: mean of s_max, Tracy–Widom", tracy_widom_mean(400, 100), 0.012,
       [] { return mean_of(largest_of(400, 100, 50)); }},
      {"MP", "100×25", tracy_widom_mean(100, 25), 0.02, [] { return mean_of(largest_of(100, 25, 200)); }},
      {"MP", "1000×250", tracy_widom_mean(1000, 250), 0.01, [] { return mean_of(largest_of(1000, 250, 20)); },
       effort::medium},
      {"MP", "512×512", tracy_widom_mean(512, 512), 0.02, [] { return mean_of(largest_of(512, 512, 8)); },
       effort::medium},
      {"MP", "400×100: mean of s_min above the edge 1−√c = 0.5 by O(n^(−2/3))", 0.5115, 0.008,
       [] { return smallest_mean(400, 100, 50); }},
      {"MP", "400×100: s_max beyond 1+√c+7/√n (Davidson–Szarek: probability 2e−11), of 50", 0, 0,
       beyond_davidson_szarek},
      {"MP", "400×100: singular values against the law's distribution; largest distance, a few 1/n", 0, 0.03,
       [] { return distance_to_the_bulk(400, 100); }},
      {"MP", "100×400", 0, 0.03, [] { return distance_to_the_bulk(100, 400); }},
      {"Fuss–Catalan", "L=1: total, mean of s² and of s⁴ are 1, 1, 2", 4, 1e-4,
       [] { return fuss_catalan_moment(1, 0) + fuss_catalan_moment(1, 1) + fuss_catalan_moment(1, 2); }},
      {"Fuss–Catalan", "L=4: mean of s⁴ is L+1", 5, 1e-4, [] { return fuss_catalan_moment(4, 2); }},
      {"circular law", "500×500, variance 1/500: spectral radius → 1", 1.035, 0.065, spectral_radius, effort::medium},
      {"circular law", "its largest singular value → 2", 1.995, 0.045, [] { return mean_of(largest_of(500, 500, 8)); },
       effort::medium},
      {"2.2(4)", "Glorot, widths 100-300-50-200-120: squared gradient", 3.0 / 7, 0.0095, glorot_product},
  };
}

}  // namespace backproof::flow::tests
