#include "frames/convolution.hpp"

#include <algorithm>

#include "backproof/number/spectral.hpp"

namespace backproof::convolution {

double circular_twin_norm(const shape& image, const values<real>& w, index_t group, const shape& dilations) {
  const shape taps = taps_of(w.dims());
  convolution_kernel k{.outputs = static_cast<std::size_t>(w.dims()[0] / group),
                       .inputs = static_cast<std::size_t>(w.dims()[1]),
                       .taps = {taps.begin(), taps.end()},
                       .dilations = {dilations.begin(), dilations.end()},
                       .elements = {}};
  std::vector<long> grid;
  for (std::size_t axis = 0; axis < taps.size(); ++axis)
    grid.push_back(image[axis + 2] + (taps[axis] - 1) * dilations[axis]);
  const index_t each = w.size() / group;
  double largest = 0;
  for (index_t g = 0; g < group; ++g) {
    k.elements.clear();
    for (index_t i = 0; i < each; ++i) k.elements.push_back(static_cast<double>(w[g * each + i]));
    largest = std::max(largest, circular_convolution_norm(k, grid));
  }
  return largest;
}

}  // namespace backproof::convolution
