// Cases whose answer is known exactly.
#include <algorithm>
#include <cmath>

#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/convolution.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/model.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/random.hpp"
#include "law.hpp"

namespace backproof::flow::tests {
namespace {

matrix jacobian(const block& b, const matrix& x) {
  return b.vjp(x, matrix::Identity(b.outputs(x.rows()), b.outputs(x.rows()))).transpose();
}

double largest_deviation(const vector& s, double from) { return (s.array() - from).abs().maxCoeff(); }

double scaled_identity_gain() {
  model m{3, {}};
  for (int k = 0; k < 10; ++k) m.layers.push_back({"", {std::make_shared<dense>(0.5 * matrix::Identity(3, 3))}});
  const vector v = vector::Constant(3, 1);
  return backward(m, forward(m, v), v)[0](0);
}

// W = w, b = -w/2, started at 1/2: each pre-activation is 0, where the sigmoid's slope is 1/4.
double sigmoid_at_its_fixed_point(double w, int layers) {
  model m{1, {}};
  const block_pointer affine = std::make_shared<dense>(matrix::Constant(1, 1, w), vector::Constant(1, -w / 2));
  const block_pointer sigmoid = std::make_shared<activation_block>(activation_named("sigmoid"));
  for (int k = 0; k < layers; ++k) m.layers.push_back({"", {affine, sigmoid}});
  const matrix start = matrix::Constant(1, 1, 0.5);
  return backward(m, forward(m, start), matrix::Constant(1, 1, 1))[0](0);
}

double orthogonal_product_deviation() {
  source random(1, "orthogonal");
  matrix product = matrix::Identity(256, 256);
  for (int k = 0; k < 64; ++k) product = (random.orthogonal(256, 256) * product).eval();
  return largest_deviation(singular_values(product), 1);
}

double softmax_deviation() {
  const Index n = 10;
  const vector s = singular_values(jacobian(softmax(), matrix::Zero(n, 1)));
  return std::max(largest_deviation(s.head(n - 1), 1.0 / n), std::fabs(s(n - 1)));
}

double layer_norm_deviation() {
  const Index n = 12;
  const double eps = 1e-2;
  const vector x = source(1, "layer norm").gaussian(n, 1, 1.5);
  const double var = (x.array() - x.mean()).square().mean(), spread = std::sqrt(var + eps);
  const vector s = singular_values(jacobian(layer_norm(eps), x));
  return std::max({largest_deviation(s.head(n - 2), 1 / spread), std::fabs(s(n - 2) - eps / ((var + eps) * spread)),
                   std::fabs(s(n - 1))});
}

// J J^T = s^2 1 exactly, on the rows that are not zero.
double gram_deviation(const matrix& j, double square) {
  const matrix gram = j * j.transpose();
  double worst = 0;
  for (Index a = 0; a < gram.rows(); ++a)
    for (Index b = 0; b < gram.cols(); ++b)
      if (a != b || gram(a, a) != 0) worst = std::max(worst, std::fabs(gram(a, b) - (a == b ? square : 0)));
  return worst;
}

double relu_ones_less_active_units() {
  const vector x = source(1, "relu").gaussian(40, 1, 1);
  const matrix j = jacobian(activation_block(activation_named("relu")), x);
  return gram_deviation(j, 1) + std::fabs(j.squaredNorm() - static_cast<double>((x.array() > 0).count()));
}

double pool_deviation(pooling how, double square) {
  const image in{2, 6, 4};
  return gram_deviation(jacobian(pool(how, in, 2), source(1, "pool").gaussian(in.size(), 1, 1)), square);
}

double delta_orthogonal_deviation() {
  double worst = 0;
  for (Index size = 3; size <= 7; size += 2) {
    const convolution_shape s = same_convolution({4, size, size + 1}, 4, 3, padding::circular);
    const convolution c(s, delta_orthogonal(s, source(1, "delta").orthogonal(4, 4)));
    worst = std::max(worst, largest_deviation(singular_values(jacobian(c, matrix::Zero(s.in.size(), 1))), 1));
  }
  return worst;
}

double frequencies_against_dense() {
  const convolution_shape s = same_convolution({3, 8, 8}, 4, 3, padding::circular);
  const matrix kernel = source(1, "circular").gaussian(4, 27, 1);
  const vector dense_values = singular_values(jacobian(convolution(s, kernel), matrix::Zero(s.in.size(), 1)));
  return (circular_singular_values(s, kernel) - dense_values).cwiseAbs().maxCoeff();
}

const matrix second_difference = (matrix(1, 3) << -1, 2, -1).finished();

double second_difference_norm(padding pad) {
  const convolution_shape s = same_convolution({1, 1, 3}, 1, 3, pad);
  return singular_values(jacobian(convolution(s, second_difference), matrix::Zero(3, 1)))(0);
}

double second_difference_bound() {
  return padded_convolution_bound(same_convolution({1, 1, 3}, 1, 3, padding::zero), second_difference);
}

// 64 channels, 3x3, entries of variance 1 / (9 * 64).
matrix random_kernel() { return source(1, "kernel").gaussian(64, 64 * 9, 1.0 / 24); }

double true_norm_of_random_kernel() {
  return circular_singular_values(same_convolution({64, 16, 16}, 64, 3, padding::circular), random_kernel())(0);
}

double rotation_recurrence() {
  const matrix r = 0.9 * source(1, "rotation").orthogonal(16, 16);
  matrix product = matrix::Identity(16, 16);
  for (int k = 0; k < 40; ++k) product = dense(r).jvp(product, product);
  return singular_values(product)(0) / std::pow(0.9, 40);
}

}  // namespace

std::vector<law> exact_laws() {
  return {
      {"X1", "linear, W = I/2, 10 layers: the gradient's factor", 0x1p-10, 0, scaled_identity_gain},
      {"X2", "sigmoid at its fixed point, (w/4)^L: w=1, L=10", 9.5367431640625e-7, 1e-21,
       [] { return sigmoid_at_its_fixed_point(1, 10); }},
      {"X2", "w=2, L=10", 9.765625e-4, 1e-18, [] { return sigmoid_at_its_fixed_point(2, 10); }},
      {"X2", "w=4, L=10: meets Hochreiter's bound (‖W‖/4)^L", 1, 1e-15,
       [] { return sigmoid_at_its_fixed_point(4, 10); }},
      {"X3", "product of 64 orthogonal 256×256: max \\|s−1\\|", 0, 1e-12, orthogonal_product_deviation},
      {"X4", "softmax at uniform p: s = 1/n and one 0; worst deviation", 0, 1e-14, softmax_deviation},
      {"X5", "layer norm: s = 1/s̄ (n−2 times), eps/((var+eps)s̄), 0; worst deviation", 0, 1e-12, layer_norm_deviation},
      {"X6", "ReLU: s is 1 as often as units are active, else 0; deviation", 0, 0, relu_ones_less_active_units},
      {"X6", "2×2 average pool: s = 1/2; deviation of s²", 0, 0, [] { return pool_deviation(pooling::average, 0.25); }},
      {"X6", "2×2 max pool: s = 1; deviation of s²", 0, 0, [] { return pool_deviation(pooling::maximum, 1); }},
      {"X7", "delta-orthogonal convolution, circular, any image: max \\|s−1\\|", 0, 1e-12, delta_orthogonal_deviation},
      {"X8", "circular convolution: by frequency against dense SVD", 0, 1e-10, frequencies_against_dense},
      {"X9", "‖[−1,2,−1]‖ on 3 cells, circular", 3, 1e-12, [] { return second_difference_norm(padding::circular); }},
      {"X9", "the same, zero-padded: 2+√2, which is more", 2 + std::sqrt(2.0), 1e-12,
       [] { return second_difference_norm(padding::zero); }},
      {"X9", "its bound, on a grid where nothing wraps around: 2+2cos(π/5)", 2 + 2 * std::cos(std::acos(-1.0) / 5),
       1e-12, second_difference_bound},
      {"X10", "random 3×3 convolution, 64 channels: the *reshaped* kernel's norm, 1+1/3", 4.0 / 3, 0.06,
       [] { return singular_values(random_kernel())(0); }},
      {"X10", "its true norm, circular", 2.077, 0.08, true_norm_of_random_kernel},
      {"X11", "recurrence with 0.9 times a rotation, 40 steps: ‖∂h_T/∂h_0‖ / 0.9^T", 1, 1e-12, rotation_recurrence},
  };
}

}  // namespace backproof::flow::tests
