#include "backproof/flow/model/activation.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "backproof/base/error.hpp"

namespace backproof::flow {
namespace {

double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double normal_below(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

double zero(double) { return 0; }
double one(double) { return 1; }
double same(double x) { return x; }

double relu(double x) { return x > 0 ? x : 0; }
double relu_slope(double x) { return x > 0 ? 1 : 0; }

constexpr double leak = 0.01;
double leaky(double x) { return x > 0 ? x : leak * x; }
double leaky_slope(double x) { return x > 0 ? 1 : leak; }

double hyperbolic(double x) { return std::tanh(x); }
double tanh_slope(double x) {  // 1 - tanh^2 without its cancellation
  const double c = std::cosh(x);
  return 1 / c / c;
}
double tanh_curvature(double x) { return -2 * std::tanh(x) * tanh_slope(x); }

double sigmoid_slope(double x) { return logistic(x) * logistic(-x); }
double sigmoid_curvature(double x) { return sigmoid_slope(x) * (logistic(-x) - logistic(x)); }

double gelu(double x) { return x * normal_below(x); }
double gelu_slope(double x) { return normal_below(x) + x * normal_density(x); }
double gelu_curvature(double x) { return (2 - x * x) * normal_density(x); }

double silu(double x) { return x * logistic(x); }
double silu_slope(double x) { return logistic(x) + x * sigmoid_slope(x); }
double silu_curvature(double x) { return 2 * sigmoid_slope(x) + x * sigmoid_curvature(x); }

double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

double elu(double x) { return x > 0 ? x : std::expm1(x); }
double elu_slope(double x) { return x > 0 ? 1 : std::exp(x); }
double elu_curvature(double x) { return x > 0 ? 0 : std::exp(x); }

// The largest slopes of GELU and SiLU lie where their curvature is 0: at sqrt 2, and at x = 2.3993572805154...
constexpr std::array<activation, 9> table = {{
    {"identity", same, one, zero, 1, false},
    {"relu", relu, relu_slope, zero, 1, true},
    {"leaky_relu", leaky, leaky_slope, zero, 1, false},
    {"tanh", hyperbolic, tanh_slope, tanh_curvature, 1, false},
    {"sigmoid", logistic, sigmoid_slope, sigmoid_curvature, 0.25, false},
    {"gelu", gelu, gelu_slope, gelu_curvature, 1.1289041451202, false},
    {"silu", silu, silu_slope, silu_curvature, 1.0998393194893, false},
    {"softplus", softplus, logistic, sigmoid_slope, 1, false},
    {"elu", elu, elu_slope, elu_curvature, 1, false},
}};

}  // namespace

std::span<const activation> activations() { return table; }

const activation* find_activation(std::string_view name) {
  for (const activation& a : table)
    if (a.name == name) return &a;
  return nullptr;
}

const activation& activation_named(std::string_view name) {
  if (const activation* a = find_activation(name)) return *a;
  throw invalid_input("unknown activation '" + std::string(name.substr(0, 40)) + "'");
}

matrix activation_block::forward(const matrix& x) const { return x.unaryExpr(activation_->value); }

matrix activation_block::vjp(const matrix& x, const matrix& v) const {
  const matrix slopes = x.unaryExpr(activation_->slope);
  matrix out = v;
  for (Index j = 0; j < v.cols(); ++j) out.col(j).array() *= slopes.col(j % x.cols()).array();
  return out;
}

}  // namespace backproof::flow
