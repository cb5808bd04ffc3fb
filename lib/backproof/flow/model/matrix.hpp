// Double precision is enough here: gradient flow is about powers of ten, and the laws that test it need a hundred
// networks that are 256 wide and 60 deep.
#pragma once

#include <Eigen/Core>

namespace backproof::flow {

using Eigen::Index;
using matrix = Eigen::MatrixXd;  // one column per sample, or per direction
using vector = Eigen::VectorXd;

}  // namespace backproof::flow
