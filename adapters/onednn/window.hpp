// Windows, for convolution and pooling.
#pragma once

#include "memory.hpp"

namespace onednn {

// How a window slides over the spatial axes. oneDNN counts the elements that a dilation skips: ONNX's number minus one.
struct window {
  dims kernel, strides, skipped, before, after, out;
  bool overhangs = false;  // with ceil_mode: some window reaches beyond the padding
};

// `x` is the shape of the input (N, C, spatial axes). Attributes that the op does not have are at their defaults.
window window_of(const bp::attributes& a, const bp::shape& x, dims kernel);

}  // namespace onednn
