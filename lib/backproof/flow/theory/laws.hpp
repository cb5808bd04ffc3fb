// Laws of random matrices, exact or at large width, with which measurements are compared.
#pragma once

#include <utility>
#include <vector>

namespace backproof::flow {

// The exact law of one vector's squared norm through one layer of width n: linear, (1/n) chi^2_n; ReLU with variance
// 2/fan-in, (2/n) chi^2_K with K binomial (n, 1/2). Layers multiply, independently.
struct log_law {
  double mean = 0, variance = 0;  // of ln q, per layer
};
log_law linear_log_law(int n);
log_law relu_log_law(int n);

// Whole Jacobians of `layers` square layers: E ||J^T J||_F^2 / n, exactly, at every width and depth.
double linear_second_moment(int n, int layers);
double relu_second_moment(int n, int layers);

// Where the singular values of a rows x columns matrix of independent entries lie, all of mean 0 and one variance, if
// its Frobenius norm is this (Marchenko and Pastur 1967): `count` of them between low and high, the others are zero.
struct singular_bulk {
  double low = 0, high = 0;
  int count = 0;
};
singular_bulk bulk_of(int rows, int columns, double frobenius);
// Of one singular value per unit of ln s: sqrt((high^2 - s^2)(s^2 - low^2)) / (pi (high - low)^2 / 4).
double density(const singular_bulk& b, double s);

// The singular values of a product of `factors` square matrices of variance 1/n, as n grows: (s, density per unit of
// ln s) from the smallest s on (the law of Fuss and Catalan, in the parameters of Biane 1998).
std::vector<std::pair<double, double>> fuss_catalan(int factors, int points);

// The largest singular value of rows x columns entries of variance 1/rows: its mean at finite size, after Johnstone
// 2001 (the mean of the Tracy-Widom law is -1.2065), and how far beyond the edge it lies with probability exp(-t^2/2)
// at most (Davidson and Szarek 2001).
double tracy_widom_mean(int rows, int columns);
double gaussian_norm_bound(int rows, int columns, double t);

double lyapunov_exponent(int n, int k);  // Newman 1986: the k-th of a product of n x n matrices of variance 1/n

// The edge of s^2 of wide networks of L layers.
double linear_edge(int layers);           // (L+1)^(L+1) / L^L
double relu_orthogonal_edge(int layers);  // L^L / (L-1)^(L-1)
double relu_gaussian_edge(int layers);    // min over z of (1+z)/z (1+2z)^L

double
batch_norm_relu_factor();  // pi / (pi - 1): the squared gradient, per layer, for large batches (Yang et al. 2019)

// How many decades the gradient's norm fluctuates at initialisation: sqrt(kappa beta) / (2 ln 10), with beta the sum of
// 1/n over layers, and kappa = 5 for ReLU (Hanin 2018), 2 for linear networks.
double finite_width_noise(double kappa, double beta);
constexpr double relu_kappa = 5, linear_kappa = 2;

}  // namespace backproof::flow
