// Decompositions of dense matrices in double precision. Eigen's templates for them take long to compile, so that all of
// them are instantiated here. (Whoever includes this needs Eigen.)
#pragma once

#include <Eigen/Core>
#include <functional>

namespace backproof {

// The largest first; NaN where an element is not finite. Each is right up to rounding of the largest.
Eigen::VectorXd singular_values(const Eigen::MatrixXd& m);

// Q with orthonormal columns and the diagonal of R, where m = Q R has at least as many rows as columns.
struct orthogonalised {
  Eigen::MatrixXd q;
  Eigen::VectorXd diagonal;
};
orthogonalised orthogonalise(const Eigen::MatrixXd& m);

// Orthonormal columns, or rows if there are fewer of them, distributed uniformly (by Haar's measure) if `normal` draws
// independent normal numbers.
Eigen::MatrixXd haar_orthogonal(Eigen::Index rows, Eigen::Index columns, const std::function<double()>& normal);

}  // namespace backproof
