// Windows that slide over the spatial axes of a tensor [N, C, spatial...], as convolution and pooling use them.
//
// Along one axis, window o covers the positions o * stride - pad_begin + k * dilation, k = 0 .. kernel - 1. Positions
// outside of 0 .. in - 1 lie in the padding: they are no cells of the tensor, whatever an op takes their value to be.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "backproof/sample.hpp"
#include "backproof/shape.hpp"

namespace backproof {

struct window_axis {
  index in = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  bool ceil = false;  // the last window may hang over the end

  index reach() const { return dilation * (kernel - 1) + 1; }  // cells from a window's first to its last, inclusive
  index out() const {                                          // number of windows; 0 if none fits
    const index steps = pad_begin + in + pad_end - reach();
    if (steps < 0) return 0;
    if (!ceil) return steps / stride + 1;
    const index n = (steps + stride - 1) / stride + 1;
    return (n - 1) * stride < pad_begin + in ? n : n - 1;  // a window that would start in the end padding is dropped
  }
  index position(index o, index k) const { return o * stride - pad_begin + k * dilation; }
  index cells(index o, index first, index end) const {  // how many positions of window o lie in first .. end - 1
    const auto below = [&](index limit) {
      return std::clamp<index>((limit - position(o, 0) + dilation - 1) / dilation, 0, kernel);
    };
    return below(end) - below(first);
  }
  bool has_empty_window() const {  // one that lies in the padding altogether
    for (index o = 0; o < out(); ++o)
      if (cells(o, 0, in) == 0) return true;
    return false;
  }
};

// All spatial axes together. Windows, cells and kernel positions are counted flat, in row-major order.
class windows {
 public:
  // Attributes as ONNX has them: one number per spatial axis, pads first for all beginnings, then for all ends.
  // Throws std::invalid_argument when they do not fit `input`, the shape of the whole tensor.
  windows(const shape& input, const shape& kernel, const shape& strides, const shape& dilations, const shape& pads,
          bool ceil = false) {
    const std::size_t rank = kernel.size();
    if (rank == 0 || input.size() != rank + 2)
      throw std::invalid_argument("kernel " + to_string(kernel) + " does not fit input " + to_string(input));
    if (strides.size() != rank || dilations.size() != rank || pads.size() != 2 * rank)
      throw std::invalid_argument("strides, dilations or pads have not the kernel's rank");
    for (std::size_t k = 0; k < rank; ++k) {
      axes_.push_back({input[k + 2], kernel[k], strides[k], dilations[k], pads[k], pads[rank + k], ceil});
      const window_axis& a = axes_.back();
      if (std::min({a.kernel, a.stride, a.dilation}) < 1 || std::min(a.pad_begin, a.pad_end) < 0)
        throw std::invalid_argument("kernel, strides and dilations must be positive, pads not negative");
      constexpr index largest = 1 << 24;  // so that no product of two overflows
      if (std::max({a.kernel, a.stride, a.dilation, a.pad_begin, a.pad_end}) > largest)
        throw std::invalid_argument("kernel, strides, dilations or pads exceed " + std::to_string(largest));
      if (a.out() == 0)
        throw std::invalid_argument("kernel " + to_string(kernel) + " exceeds padded input " + to_string(input));
    }
  }

  index count() const { return size_of(out()); }                      // windows
  index cells() const { return size_of(each(&window_axis::in)); }     // of the tensor's spatial axes
  index taps() const { return size_of(each(&window_axis::kernel)); }  // positions in the kernel

  shape output(index batch, index channels) const {
    shape s = out();
    s.insert(s.begin(), {batch, channels});
    return s;
  }

  bool has_empty_window() const {
    return std::any_of(axes_.begin(), axes_.end(), [](const window_axis& a) { return a.has_empty_window(); });
  }

  // Calls visit(i, k) for each cell i of the tensor that window o covers, and its position k in the kernel.
  template <class F>
  void each_cell(index o, F visit) const {
    for (index k = 0; k < taps(); ++k)
      if (const index i = cell(o, k); i >= 0) visit(i, k);
  }

  // Cells of window o, and the same with the padding's; what hangs over the padded end is neither.
  index real_cells(index o) const {
    return product(o, [](const window_axis& a, index at) { return a.cells(at, 0, a.in); });
  }
  index padded_cells(index o) const {
    return product(o, [](const window_axis& a, index at) { return a.cells(at, -a.pad_begin, a.in + a.pad_end); });
  }

 private:
  shape each(index window_axis::*member) const {
    shape s;
    for (const window_axis& a : axes_) s.push_back(a.*member);
    return s;
  }

  shape out() const {
    shape s;
    for (const window_axis& a : axes_) s.push_back(a.out());
    return s;
  }

  index cell(index o, index k) const {  // -1 in the padding
    index i = 0, step = 1;
    for (auto a = axes_.rbegin(); a != axes_.rend(); ++a) {
      const index p = a->position(o % a->out(), k % a->kernel);
      if (p < 0 || p >= a->in) return -1;
      i += p * step;
      step *= a->in;
      o /= a->out();
      k /= a->kernel;
    }
    return i;
  }

  template <class F>
  index product(index o, F along) const {
    index n = 1;
    for (auto a = axes_.rbegin(); a != axes_.rend(); o /= a->out(), ++a) n *= along(*a, o % a->out());
    return n;
  }

  std::vector<window_axis> axes_;
};

// For draw functions: spatial extents, and windows over them of which at least one fits. `planes` is how many planes (N
// times C) the tensors have: with them, about a hundred and fifty elements at most.
struct drawn_windows {
  struct options {
    bool dilated = false;
    bool in_padding = false;  // windows may lie in the padding altogether
  };

  drawn_windows(sampler& s, index rank, index planes, const options& may) {
    shape ends;
    for (index k = 0, room_in = 150 / planes, room_out = room_in; k < rank; ++k) {
      const index in = s.extent(1, std::clamp<index>(room_in, 1, rank == 1 ? 17 : 9));
      const window_axis a = axis(s, in, room_out, may);
      room_in /= in;
      room_out /= a.out();
      spatial.push_back(in);
      kernel.push_back(a.kernel);
      strides.push_back(a.stride);
      dilations.push_back(a.dilation);
      pads.push_back(a.pad_begin);
      ends.push_back(a.pad_end);
    }
    pads.insert(pads.end(), ends.begin(), ends.end());
  }

  shape spatial, kernel, strides, dilations, pads;

 private:
  static window_axis axis(sampler& s, index in, index most_out, const options& may) {
    window_axis a{.in = in};
    a.kernel = std::min(s.choose<index>({3, 2, 1, 4}), s.limit());
    a.stride = s.choose<index>({2, 1, 3});
    if (may.dilated) a.dilation = s.choose<index>({1, 2});
    const index most = may.in_padding ? a.kernel : a.kernel - 1;
    a.pad_begin = s.random().between(0, most);
    a.pad_end = s.random().between(0, most);
    const bool fits = a.out() > 0 && a.out() <= most_out && (may.in_padding || !a.has_empty_window());
    if (!fits) {  // without padding, any kernel that is not too large has real cells only
      a.kernel = std::min(a.kernel, (in - 1) / a.dilation + 1);
      a.pad_begin = a.pad_end = 0;
    }
    return a;
  }
};

}  // namespace backproof
