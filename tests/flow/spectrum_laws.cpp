// The spectra of input-output Jacobians.
#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/theory/laws.hpp"
#include "backproof/flow/theory/mean_field.hpp"
#include "law.hpp"
#include "sampling.hpp"

namespace backproof::flow::tests {
namespace {

// The Jacobian of the last `layers` layers, where the first one is left out.
matrix jacobian(const recipe& r, std::uint64_t seed) {
  const model m = make(r, seed);
  const trace t = forward(m, input_for(r, seed));
  matrix j = matrix::Identity(r.width, r.width);
  for (std::size_t l = 1; l < m.layers.size(); ++l) j = jvp(m.layers[l].blocks, t.at[l], j);
  return j;
}

// Of the means: a mean of ratios would be biased at small width.
double variance_ratio(const recipe& r, int networks) {
  double first = 0, second = 0;
  for (int k = 0; k < networks; ++k) {
    const moments m = moments_of(jacobian(r, static_cast<std::uint64_t>(k)));
    first += m.first / networks, second += m.second / networks;
  }
  return moments{first, second}.variance_ratio();
}

recipe tanh_orthogonal(double q, int layers) {
  recipe r = preset("tanh-orthogonal", 256, layers + 1);
  const mean_field m = critical_at(activation_named("tanh"), q);
  r.init.gain = std::sqrt(m.sw2), r.init.bias_deviation = std::sqrt(m.sb2);
  r.input_deviation = std::sqrt((q - m.sb2) / m.sw2);  // so that the first layer has the variance q, too
  return r;
}

double edge_ratio() {
  const recipe r = preset("linear-gaussian", 256, 3);
  double sum = 0;
  for (std::uint64_t k = 0; k < 20; ++k) sum += std::pow(singular_values(jacobian(r, k))(0), 2) / 20;
  return sum / linear_edge(2);
}

}  // namespace

std::vector<law> spectrum_laws() {
  const activation& tanh = activation_named("tanh");
  return {
      {"Var(s²)/mean²", "linear Gaussian, N=256, L=4, 10 networks: L(1+1/N)+..., exactly",
       linear_second_moment(256, 4) - 1, 0.12, [] { return variance_ratio(preset("linear-gaussian", 256, 5), 10); },
       effort::medium},
      {"Var(s²)/mean²", "ReLU Gaussian, L=4: 2L and more", 8.087, 0.6,
       [] { return variance_ratio(preset("relu-he", 256, 5), 10); }, effort::medium},
      {"Var(s²)/mean²", "ReLU orthogonal, L=4: L", 4, 0.6,
       [] { return variance_ratio(preset("relu-orthogonal", 256, 5), 10); }, effort::medium},
      {"Var(s²)/mean²", "ReLU orthogonal, L=8: L", 8, 1,
       [] { return variance_ratio(preset("relu-orthogonal", 256, 9), 10); }, effort::medium},
      {"Var(s²)/mean²", "tanh orthogonal, q\\*=0.05, L=16", spectrum_variance(tanh, 0.05, 16, true), 0.03,
       [] { return variance_ratio(tanh_orthogonal(0.05, 16), 10); }, effort::medium},
      {"Var(s²)/mean²", "tanh orthogonal, q\\*=0.57, L=8", spectrum_variance(tanh, 0.57, 8, true), 0.2,
       [] { return variance_ratio(tanh_orthogonal(0.57, 8), 10); }, effort::medium},
      {"edge", "linear Gaussian, L=16: (L+1)^(L+1)/L^L", 44.845, 5e-4, [] { return linear_edge(16); }},
      {"edge", "ReLU orthogonal, L=16: L^L/(L−1)^(L−1)", 42.126, 5e-4, [] { return relu_orthogonal_edge(16); }},
      {"edge", "ReLU Gaussian, L=16", 87.013, 5e-4, [] { return relu_gaussian_edge(16); }},
      {"edge", "linear Gaussian, N=256, L=2, 20 networks: mean s_max² / edge; it falls short at finite width", 0.961,
       0.04, edge_ratio, effort::medium},
  };
}

}  // namespace backproof::flow::tests
