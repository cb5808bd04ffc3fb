// Mean-field theory of wide random networks with weights of variance sw2 / fan-in and biases of variance sb2.
//
// Sources: Poole et al. 2016 and Schoenholz et al. 2017 for q*, chi and xi; Pennington, Schoenholz and Ganguli 2017 for
// the Jacobian's spectrum. Averages over the Gaussian are midpoint sums on a grid of step 0.006 over +-12: for analytic
// functions such a sum converges faster than any power of the step, and a kink at 0 lies between two nodes.
// (Gauss-Hermite nodes grow too coarse where the variance is large: with 120 of them, the factor of tanh at variance 60
// is lost.)
#pragma once

#include <functional>

#include "backproof/flow/model/activation.hpp"

namespace backproof::flow {

double gaussian_mean(double variance, const std::function<double(double)>& f);  // E f(sqrt(variance) z)

struct mean_field {
  double sw2 = 1, sb2 = 0;
  double q = 0;          // the variance of pre-activations that repeats from layer to layer
  double chi = 0;        // by which the squared gradient is multiplied per layer
  double xi = 0;         // -1 / ln chi: layers per factor e; negative if it explodes, infinite where critical
  double xi_length = 0;  // the same for the variance's approach to q
};
mean_field fixed_point(const activation& a, double sw2, double sb2);

double next_variance(const activation& a, double sw2, double sb2, double q);
double chi_at(const activation& a, double sw2, double q);

// The point of the critical line, chi = 1, whose fixed point is q.
mean_field critical_at(const activation& a, double q);
mean_field critical_for_bias(const activation& a, double sb2);  // of tanh and its kind, where q grows with sb2

// mu_k = E phi'(sqrt(q) z)^(2k); the variance of the squared singular values of a Jacobian of L layers over their
// squared mean is L (mu_2 / mu_1^2 - 1 - s1), with s1 = 0 for orthogonal and -1 for Gaussian weights.
double slope_moment(const activation& a, double q, int k);
double spectrum_variance(const activation& a, double q, int layers, bool orthogonal);

// Where nothing repeats: the product of chi over layers, started from variance q.
double product_of_chi(const activation& a, double sw2, double sb2, double q, int layers);
// And of x + W phi(x), with W of variance 1 / fan-in: the sum of ln chi.
double log_product_of_residual_chi(const activation& a, double q, int layers);

}  // namespace backproof::flow
