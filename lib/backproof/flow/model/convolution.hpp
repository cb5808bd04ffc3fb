// Convolutions and pools of images. An image of c channels, h rows and w columns is a column of c*h*w numbers, the last
// index the fastest.
#pragma once

#include "backproof/flow/model/block.hpp"

namespace backproof::flow {

struct image {
  Index channels = 1, rows = 1, columns = 1;
  Index size() const { return channels * rows * columns; }
};

enum class padding { zero, circular };

struct convolution_shape {
  image in;
  Index outputs = 1;         // channels
  Index tall = 1, wide = 1;  // the kernel
  Index stride = 1;
  Index above = 0, left = 0;  // how far the kernel's first tap lies outside of the image
  Index below = 0, right = 0;
  padding pad = padding::zero;

  image out() const;  // throws invalid_input
  Index taps() const { return tall * wide; }
};

// A kernel of odd size, stride 1, and an image that keeps its size.
convolution_shape same_convolution(const image& in, Index outputs, Index size, padding pad);

class convolution : public block {
 public:
  // The kernel has one row per output channel, and columns (input channel, tap row, tap column).
  convolution(const convolution_shape& s, matrix kernel, vector bias = {});
  const convolution_shape& shape() const { return shape_; }
  const matrix& kernel() const { return kernel_; }
  const vector& bias() const { return bias_; }
  std::string kind() const override { return "conv"; }
  Index outputs(Index inputs) const override;
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override;
  std::vector<parameter> parameters() const override;
  std::vector<matrix> parameter_gradients(const matrix& x, const matrix& v) const override;

 private:
  matrix patches(const vector& x) const;          // (input channel, tap) x output place
  vector assembled(const matrix& patches) const;  // its transpose: adds patches up
  convolution_shape shape_;
  image out_;
  matrix kernel_;
  vector bias_;
};

// A kernel that is zero but for its centre, which is orthogonal: an isometry under circular padding (Xiao et al.,
// Dynamical isometry and a mean field theory of CNNs, 2018).
matrix delta_orthogonal(const convolution_shape& s, const matrix& orthogonal);

enum class pooling { average, maximum };

// Windows of size x size, side by side; what does not fill a window at the edge is left out.
class pool : public block {
 public:
  pool(pooling how, const image& in, Index size);
  std::string kind() const override { return how_ == pooling::average ? "average_pool" : "max_pool"; }
  Index outputs(Index inputs) const override;
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override;

 private:
  template <class F>
  void each_window(F&& f) const;  // f(output, list of inputs)
  Index winner(const vector& x, const std::vector<Index>& window) const;
  pooling how_;
  image in_, out_;
  Index size_;
};

}  // namespace backproof::flow
