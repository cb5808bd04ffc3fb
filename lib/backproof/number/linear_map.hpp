// The norm of a map that is known by what it does to columns: bounds from below and above that do not share their
// method. (Whoever includes this needs Eigen.)
#pragma once

#include <Eigen/Core>
#include <functional>

namespace backproof {

struct linear_map {
  Eigen::Index rows = 0, columns = 0;
  std::function<Eigen::MatrixXd(const Eigen::MatrixXd&)> along, back;  // J u, J^T v
};
linear_map map_of(const Eigen::MatrixXd& j);  // which has to outlive it

struct norm_bound {
  double value = 0;
  int steps = 0;
};

// Golub-Kahan-Lanczos bidiagonalisation with full reorthogonalisation; the largest singular value of the bidiagonal
// matrix is that of J on a subspace, which grows to ||J||_2 (Golub and Van Loan, Matrix Computations, 4th ed., section
// 10.4.4). It ends early when a step adds less than this part of the norm. What is not finite ends it as well.
norm_bound norm_from_below(const linear_map& j, int most_steps = 60, double least_gain = 1e-10);

// Gram iteration: ||J||_2 <= ||(J^T J)^(2^k)||_F^(1 / 2^(k+1)) with k = steps - 1, within n^(1 / 2^(k+2)) of it
// (Delattre, Barthelemy, Araujo and Allauzen, Efficient bound of Lipschitz constant for convolutional layers by Gram
// iteration, 2023).
double norm_from_above(const Eigen::MatrixXd& m, int steps = 8);

}  // namespace backproof
