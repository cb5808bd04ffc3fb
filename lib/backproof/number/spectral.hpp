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

// lower: Golub-Kahan-Lanczos bidiagonalisation with full reorthogonalisation; the largest singular value of the
//   bidiagonal matrix is that of J on a subspace (Golub and Van Loan, Matrix Computations, 4th ed., section 10.4.4).
// upper: Gram iteration, ||J||_2 <= ||(J^T J)^(2^k)||_F^(1 / 2^(k+1)), within n^(1 / 2^(k+2)) of it (Delattre,
//   Barthelemy, Araujo and Allauzen, Efficient bound of Lipschitz constant for convolutional layers by Gram iteration,
//   2023).
spectral_bracket spectral_norm(const dense_matrix& j);

// A convolution's kernel: elements [outputs, inputs, taps], taps one extent per spatial axis, with these dilations.
struct convolution_kernel {
  std::size_t outputs = 0, inputs = 0;
  std::vector<long> taps, dilations;
  std::vector<double> elements;
};

// The norm of the convolution with stride 1 that wraps around a grid: the largest norm of its symbol, an outputs x
// inputs matrix, over the frequencies of the grid's discrete Fourier transform (Sedghi, Gupta and Long, The singular
// values of convolutional layers, 2019).
//
// It is no bound for a convolution that pads the same grid with zeros: [1, -1] on one cell wraps around to 0, and
// padded its norm is 1. But where the grid is as long as the image and the kernel's reach together, nothing wraps
// around, and the padded convolution, with whatever strides, is a block of the one that does: then it is a bound from
// above.
double circular_convolution_norm(const convolution_kernel& k, const std::vector<long>& grid);

}  // namespace backproof
