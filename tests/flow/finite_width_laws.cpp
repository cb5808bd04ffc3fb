// Laws that are exact at every width and depth.
#include <algorithm>
#include <boost/random/binomial_distribution.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/mersenne_twister.hpp>

#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/flow/theory/laws.hpp"
#include "law.hpp"
#include "sampling.hpp"

namespace backproof::flow::tests {
namespace {

// ln of the squared gradient at the input of the first hidden layer over that at the output, one number per network.
std::vector<double> logs(std::string_view name, int width, int layers, int networks) {
  const recipe r = preset(name, width, layers + 1);  // the first layer has no activation: it is left out
  std::vector<double> list;
  for (int k = 0; k < networks; ++k) list.push_back(std::log(squared_gradients(r, static_cast<std::uint64_t>(k))[1]));
  return list;
}

const std::vector<double>& relu_logs() {
  static const std::vector<double> list = logs("relu-he", 64, 16, 2000);
  return list;
}
const std::vector<double>& linear_logs() {
  static const std::vector<double> list = logs("linear-gaussian", 64, 16, 2000);
  return list;
}

// The largest distance between two samples' distribution functions.
double kolmogorov_smirnov(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
  double worst = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    a[i] <= b[j] ? ++i : ++j;
    worst = std::max(worst, std::fabs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                      static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return worst;
}

// q as the law says: products of (2/N) chi^2_K, K binomial.
std::vector<double> logs_by_law(int width, int layers, int count) {
  std::vector<double> list;
  source random(1, "the law");
  for (int k = 0; k < count; ++k) {
    double log_q = 0;
    for (int l = 0; l < layers; ++l) {
      double square = 0;
      for (int n = 0; n < width; ++n) {
        const double z = random.normal();
        if (random.uniform(0, 1) < 0.5) square += z * z;
      }
      log_q += std::log(2 * square / width);
    }
    list.push_back(log_q);
  }
  return list;
}

// Walks of a healthy ReLU network's log10 ||gradient||, layer by layer from the output, by the exact law.
std::vector<double> walk_by_law(int width, int layers, boost::random::mt19937_64& bits) {
  std::vector<double> y = {0};
  boost::random::binomial_distribution<int> active(width, 0.5);
  for (int l = 0; l < layers; ++l) {
    const double square = 2 * boost::random::gamma_distribution<double>(active(bits) / 2.0)(bits);
    y.push_back(y.back() + std::log10(2 * square / width) / 2);
  }
  return y;
}

// How often such a network drifts by more than so many decades.
double false_alarms(int width, int layers, double decades) {
  boost::random::mt19937_64 bits(1);
  constexpr int networks = 40000;
  int beyond = 0;
  for (int k = 0; k < networks; ++k) beyond += std::fabs(walk_by_law(width, layers, bits).back()) > decades;
  return static_cast<double>(beyond) / networks;
}

// How often the verdict on one such network is vanishing or exploding. The slope through all layers of a walk varies
// 6/5 as much as its end does, so this is a little more.
double false_verdicts(int width, int layers) {
  boost::random::mt19937_64 bits(1);
  constexpr int networks = 10000;
  int alarms = 0;
  for (int k = 0; k < networks; ++k) {
    flow_record r;
    r.samples = 1;
    r.beta = static_cast<double>(layers) / width;
    std::vector<double> y = walk_by_law(width, layers, bits);
    for (std::size_t l = y.size(); l-- > 0;) r.layers.emplace_back().log10_norm = y[l];
    summarize(r);
    judge(r);
    for (const flow_finding& f : r.findings) alarms += f.rule == rule_id::vanishing || f.rule == rule_id::exploding;
  }
  return static_cast<double>(alarms) / networks;
}

// Mean over networks of ||J^T J||_F^2 / N from the first layer's output on.
double second_moment(std::string_view name, int width, int layers, int networks) {
  const recipe r = preset(name, width, layers + 1);
  double sum = 0;
  for (int k = 0; k < networks; ++k) {
    const model m = make(r, static_cast<std::uint64_t>(k));
    const trace t = forward(m, input_for(r, static_cast<std::uint64_t>(k)));
    matrix j = matrix::Identity(width, width);
    for (std::size_t l = 1; l < m.layers.size(); ++l) j = jvp(m.layers[l].blocks, t.at[l], j);
    sum += moments_of(j).second / networks;
  }
  return sum;
}

// Of one long product: as good as many short ones, because each step's R is independent of all others.
double lyapunov(int k) {
  static const std::vector<double> values = [] {
    const model m = make(preset("linear-gaussian", 64, 1280), 1);
    std::vector<linear_map> factors;
    for (const layer& l : m.layers)
      factors.push_back({64, 64, [&l](const matrix& u) { return jvp(l.blocks, u, u); }, {}});
    return spectrum_of_product(factors, 0).log10_values;
  }();
  return values[static_cast<std::size_t>(k - 1)] * std::log(10.0) / 1280;
}

double mean(const std::vector<double>& x) { return statistics_of(x).mean; }
double variance(const std::vector<double>& x) { return statistics_of(x).variance; }

}  // namespace

std::vector<law> finite_width_laws() {
  const log_law relu = relu_log_law(64), linear = linear_log_law(64);
  return {
      {"2.2(1)", "per layer, N=100, ReLU-He: mean of ln q", -0.025421, 1e-6, [] { return relu_log_law(100).mean; }},
      {"2.2(1)", "and its variance", 0.051940, 1e-6, [] { return relu_log_law(100).variance; }},
      {"2.2(1)", "per layer, N=100, linear: mean of ln q", -0.010033, 1e-6, [] { return linear_log_law(100).mean; }},
      {"2.2(1)", "and its variance", 0.020201, 1e-6, [] { return linear_log_law(100).variance; }},
      {"2.2(1)", "ReLU-He, N=64, L=16, 2000 networks: mean of ln q", 16 * relu.mean, 0.13,
       [] { return mean(relu_logs()); }},
      {"2.2(1)", "its variance", 16 * relu.variance, 0.21, [] { return variance(relu_logs()); }},
      {"2.2(1)", "linear, N=64, L=16, 2000 networks: mean of ln q", 16 * linear.mean, 0.08,
       [] { return mean(linear_logs()); }},
      {"2.2(1)", "its variance", 16 * linear.variance, 0.08, [] { return variance(linear_logs()); }},
      {"2.2(1)",
       "ReLU-He, N=24, L=5: Kolmogorov–Smirnov distance of backpropagation to the law, 20000 each (1 %: 0.0163)", 0,
       0.0163, [] { return kolmogorov_smirnov(logs("relu-he", 24, 5, 20000), logs_by_law(24, 5, 20000)); }},
      {"2.2(2)", "linear, N=64, L=8: E‖JᵀJ‖²/N, 1000 networks", linear_second_moment(64, 8), 0.6,
       [] { return second_moment("linear-gaussian", 64, 8, 1000); }},
      {"2.2(2)", "ReLU-He, N=64, L=2, 1000 networks", relu_second_moment(64, 2), 0.26,
       [] { return second_moment("relu-he", 64, 2, 1000); }},
      {"2.2(2)", "ReLU-He, N=16, L=3, 20000 networks", relu_second_moment(16, 3), 0.5,
       [] { return second_moment("relu-he", 16, 3, 20000); }},
      {"2.2(3)", "Gaussian products, N=64: Lyapunov exponent 1", lyapunov_exponent(64, 1), 0.0124,
       [] { return lyapunov(1); }},
      {"2.2(3)", "exponent 32", lyapunov_exponent(64, 32), 0.0175, [] { return lyapunov(32); }},
      {"2.2(3)", "exponent 64", lyapunov_exponent(64, 64), 0.155, [] { return lyapunov(64); }},
      {"false alarms", "He-ReLU, N=128, L=50, of 40000 networks: more than 2 decades", 0, 2.5e-5 * 3,
       [] { return false_alarms(128, 50, 2); }},
      {"false alarms", "N=64, L=50: more than 2 decades", 2e-4, 3.5e-4, [] { return false_alarms(64, 50, 2); }},
      {"false alarms", "N=64, L=100: more than 2 decades", 0.036, 0.005, [] { return false_alarms(64, 100, 2); }},
      {"false alarms", "N=64, L=100: more than 3 decades", 2.8e-4, 4e-4, [] { return false_alarms(64, 100, 3); }},
      {"false alarms", "N=32, L=50: more than 2 decades", 0.048, 0.006, [] { return false_alarms(32, 50, 2); }},
      {"false alarms", "N=32, L=100: more than 2 decades, hence the limit on Σ 1/n", 0.41, 0.0125,
       [] { return false_alarms(32, 100, 2); }},
      {"false alarms", "N=32, L=100: more than 3 decades", 0.094, 0.0075, [] { return false_alarms(32, 100, 3); }},
      {"false alarms", "N=64, L=50: verdicts of vanishing or exploding on single networks, of 10000", 0, 0.002,
       [] { return false_verdicts(64, 50); }, effort::medium},
      {"2.2(5)", "nn.Linear's default, ReLU, N=256, L=20, 200 networks: squared gradient per layer", 1.0 / 6, 0.0025,
       [] { return factor_per_layer(preset("relu-torch-default", 256, 20), 200, 1, 20); }, effort::medium},
      {"2.2(5)", "the same, linear", 1.0 / 3, 0.005,
       [] { return factor_per_layer(preset("linear-torch-default", 256, 20), 200, 1, 20); }, effort::medium},
  };
}

}  // namespace backproof::flow::tests
