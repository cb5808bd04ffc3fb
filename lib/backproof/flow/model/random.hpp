// Random matrices and vectors. The values are a pure function of seed, name and number, and of the order of the calls.
#pragma once

#include <cstdint>
#include <string_view>

#include "backproof/flow/model/matrix.hpp"
#include "backproof/op/draw.hpp"

namespace backproof::flow {

class source {
 public:
  source(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

  double normal();                          // mean 0, variance 1: a ziggurat, so its tails are whole
  double uniform(double low, double high);  // [low, high)
  matrix gaussian(Index rows, Index columns, double deviation);
  matrix uniform(Index rows, Index columns, double limit);  // [-limit, limit)
  matrix signs(Index rows, Index columns);                  // +1 and -1: probes of the Frobenius norm
  matrix orthogonal(Index rows, Index columns);  // Haar: Q^T Q = 1, or Q Q^T = 1 where there are more columns
  vector unit(Index n);                          // uniform on the sphere

 private:
  draw bits_;
};

}  // namespace backproof::flow
