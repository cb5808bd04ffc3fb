#include "backproof/flow/model/initialization.hpp"

#include <cmath>

namespace backproof::flow {

std::string_view name_of(initialization i) {
  switch (i) {
    case initialization::gaussian:
      return "Gaussian";
    case initialization::he:
      return "He";
    case initialization::glorot:
      return "Glorot";
    case initialization::orthogonal:
      return "orthogonal";
    case initialization::torch_default:
      return "PyTorch default";
  }
  return "";
}

drawn draw_weights(const drawing& d, Index rows, Index columns, Index fan_in, Index fan_out, source& random) {
  const double in = static_cast<double>(fan_in), out = static_cast<double>(fan_out);
  drawn w;
  switch (d.how) {
    case initialization::gaussian:
      w.weight = random.gaussian(rows, columns, d.gain / std::sqrt(in));
      break;
    case initialization::he:
      w.weight = random.gaussian(rows, columns, std::sqrt(2 / in));
      break;
    case initialization::glorot:
      w.weight = random.uniform(rows, columns, std::sqrt(6 / (in + out)));
      break;
    case initialization::orthogonal:
      w.weight = d.gain * random.orthogonal(rows, columns);
      break;
    case initialization::torch_default:
      w.weight = random.uniform(rows, columns, 1 / std::sqrt(in));
      w.bias = random.uniform(rows, 1, 1 / std::sqrt(in));
      return w;
  }
  if (d.bias_deviation > 0) w.bias = random.gaussian(rows, 1, d.bias_deviation);
  return w;
}

}  // namespace backproof::flow
