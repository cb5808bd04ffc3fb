// Double precision is enough here: flow is about powers of ten, and the laws it is held to need networks 256 wide and
// 60 deep, a hundred times.
#pragma once

#include <Eigen/Core>

namespace backproof::flow {

using Eigen::Index;
using matrix = Eigen::MatrixXd;  // one column per sample, or per direction
using vector = Eigen::VectorXd;

}  // namespace backproof::flow
