// The spectral norm of a small matrix, ||J||_2, its largest singular value: bounds from below and above that do not
// share their method, and the value itself by a dense decomposition.
#pragma once

#include <cstddef>
#include <vector>

namespace backproof {

struct dense_matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> elements;  // row-major, rows x columns, finite
};

struct spectral_bracket {
  double lower = 0, upper = 0;  // lower <= ||J||_2 <= upper, each up to rounding
  double dense = 0;             // by singular value decomposition
};

// How the bounds are found says backproof/linear_map.hpp.
spectral_bracket spectral_norm(const dense_matrix& j);

// A convolution's kernel: elements [outputs, inputs, taps], taps one extent per spatial axis, with these dilations.
struct convolution_kernel {
  std::size_t outputs = 0, inputs = 0;
  std::vector<long> taps, dilations;
  std::vector<double> elements;
};

// All singular values of the convolution with stride 1 that wraps around a grid, the largest first: those of its
// symbol, an outputs x inputs matrix, at each frequency of the grid's discrete Fourier transform (Sedghi, Gupta and
// Long, The singular values of convolutional layers, 2019).
std::vector<double> circular_singular_values(const convolution_kernel& k, const std::vector<long>& grid);

// The largest of them, the norm of that convolution.
//
// It is no bound for a convolution that pads the same grid with zeros: [1, -1] on one cell wraps around to 0, and
// padded its norm is 1. But where the grid is as long as the image and the kernel's reach together, nothing wraps
// around, and the padded convolution, with whatever strides, is a block of the one that does: then it is a bound from
// above.
double circular_convolution_norm(const convolution_kernel& k, const std::vector<long>& grid);

}  // namespace backproof
