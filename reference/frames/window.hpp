// Windows that slide over the spatial axes of a tensor [N, C, spatial...], as convolution and pooling use them.
//
// Along one axis, window o covers the positions o * stride - pad_begin + k * dilation, k = 0 .. kernel - 1. Positions
// outside of 0 .. in - 1 lie in the padding: they are not cells of the tensor, whatever value an op gives them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "backproof/op/sample.hpp"
#include "backproof/tensor/attributes.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

struct window_axis {
  index_t in = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  bool ceil = false;  // the last window may hang over the end

  void check() const {  // throws invalid_input
    if (std::min({kernel, stride, dilation}) < 1 || std::min(pad_begin, pad_end) < 0)
      throw invalid_input("kernel, strides and dilations must be positive, pads not negative");
    constexpr index_t largest = 1 << 24;  // so that no product of two overflows
    if (std::max({kernel, stride, dilation, pad_begin, pad_end}) > largest)
      throw invalid_input("kernel, strides, dilations or pads exceed " + std::to_string(largest));
  }

  index_t reach() const { return dilation * (kernel - 1) + 1; }  // cells from a window's first to its last, inclusive
  index_t out() const {                                          // number of windows; 0 if none fits
    const index_t steps = pad_begin + in + pad_end - reach();
    if (steps < 0) return 0;
    if (!ceil) return steps / stride + 1;
    const index_t n = (steps + stride - 1) / stride + 1;
    return (n - 1) * stride < pad_begin + in ? n : n - 1;  // a window that would start in the end padding is dropped
  }

  // Padding as attribute auto_pad asks for it. VALID is none, and the number of windows is rounded down: ONNX has the
  // same number with ceil_mode. SAME_* is as much as a window for every stride that begins in the tensor needs, an odd
  // one at the end (UPPER) or at the beginning (LOWER). Throws invalid_input if there is no such way.
  void pad(const std::string& how) {
    if (how == "NOTSET") return;
    if (how != "VALID" && how != "SAME_UPPER" && how != "SAME_LOWER")
      throw invalid_input("auto_pad is '" + how + "', not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
    const index_t last = (in + stride - 1) / stride - 1;
    const index_t total = how == "VALID" ? 0 : std::max<index_t>(0, last * stride + reach() - in);
    pad_begin = how == "SAME_LOWER" ? total - total / 2 : total / 2;
    pad_end = total - pad_begin;
    ceil = false;  // for SAME_*, one more window would begin behind the tensor
  }

  index_t position(index_t o, index_t k) const { return o * stride - pad_begin + k * dilation; }
  index_t cells(index_t o, index_t first,
                index_t end) const {  // how many positions of window o lie in first .. end - 1
    const auto below = [&](index_t limit) {
      return std::clamp<index_t>((limit - position(o, 0) + dilation - 1) / dilation, 0, kernel);
    };
    return below(end) - below(first);
  }
  bool has_empty_window() const {  // one that lies in the padding altogether
    for (index_t o = 0; o < out(); ++o)
      if (cells(o, 0, in) == 0) return true;
    return false;
  }
};

// All spatial axes together. Windows, cells and kernel positions are counted flat, in row-major order.
class windows {
 public:
  // Attributes as ONNX has them: one number per spatial axis, pads first for all beginnings, then for all ends.
  // Throws invalid_input when they do not fit `input`, the shape of the whole tensor.
  windows(const shape& input, const shape& kernel, const shape& strides, const shape& dilations, const shape& pads,
          bool ceil = false, const std::string& auto_pad = "NOTSET") {
    const std::size_t rank = kernel.size();
    if (rank == 0 || input.size() != rank + 2)
      throw invalid_input("kernel " + to_string(kernel) + " does not fit input " + to_string(input));
    if (strides.size() != rank || dilations.size() != rank || pads.size() != 2 * rank)
      throw invalid_input("strides, dilations or pads have not the kernel's rank");
    for (std::size_t k = 0; k < rank; ++k) {
      axes_.push_back({input[k + 2], kernel[k], strides[k], dilations[k], pads[k], pads[rank + k], ceil});
      window_axis& a = axes_.back();
      a.check();
      a.pad(auto_pad);
      if (a.out() == 0)
        throw invalid_input("kernel " + to_string(kernel) + " exceeds padded input " + to_string(input));
    }
    refuse_too_many();
  }

  index_t count() const { return size_of(out()); }                      // windows
  index_t cells() const { return size_of(each(&window_axis::in)); }     // of the tensor's spatial axes
  index_t taps() const { return size_of(each(&window_axis::kernel)); }  // positions in the kernel

  shape output(index_t batch, index_t channels) const {
    shape s = out();
    s.insert(s.begin(), {batch, channels});
    return s;
  }

  bool has_empty_window() const {
    return std::any_of(axes_.begin(), axes_.end(), [](const window_axis& a) { return a.has_empty_window(); });
  }

  // Calls visit(i, k) for each cell i of the tensor that window o covers, and its position k in the kernel.
  template <class F>
  void each_cell(index_t o, F visit) const {
    for (index_t k = 0; k < taps(); ++k)
      if (const index_t i = cell(o, k); i >= 0) visit(i, k);
  }

  // Cells of window o, and the same with the padding's; what hangs over the padded end is neither.
  index_t real_cells(index_t o) const {
    return product(o, [](const window_axis& a, index_t at) { return a.cells(at, 0, a.in); });
  }
  index_t padded_cells(index_t o) const {
    return product(o, [](const window_axis& a, index_t at) { return a.cells(at, -a.pad_begin, a.in + a.pad_end); });
  }

 private:
  shape each(index_t window_axis::*member) const {
    shape s;
    for (const window_axis& a : axes_) s.push_back(a.*member);
    return s;
  }

  shape out() const {
    shape s;
    for (const window_axis& a : axes_) s.push_back(a.out());
    return s;
  }

  // So that counts do not overflow, and walks over all windows end.
  void refuse_too_many() const {
    double positions = 1, all_cells = 1;
    for (const window_axis& a : axes_) {
      positions *= static_cast<double>(a.out()) * static_cast<double>(a.kernel);
      all_cells *= static_cast<double>(a.in);
    }
    if (std::max(positions, all_cells) > 1 << 28)
      throw invalid_input("windows of more than 2^28 positions, all together");
  }

  index_t cell(index_t o, index_t k) const {  // -1 in the padding
    index_t i = 0, step = 1;
    for (auto a = axes_.rbegin(); a != axes_.rend(); ++a) {
      const index_t p = a->position(o % a->out(), k % a->kernel);
      if (p < 0 || p >= a->in) return -1;
      i += p * step;
      step *= a->in;
      o /= a->out();
      k /= a->kernel;
    }
    return i;
  }

  template <class F>
  index_t product(index_t o, F along) const {
    index_t n = 1;
    for (auto a = axes_.rbegin(); a != axes_.rend(); o /= a->out(), ++a) n *= along(*a, o % a->out());
    return n;
  }

  std::vector<window_axis> axes_;
};

// As the attributes state them, under ONNX's names. Those that not every op has may be absent.
inline windows windows_of(const attributes& a, const shape& input, const shape& kernel) {
  return windows(input, kernel, a.integers("strides"),
                 a.has("dilations") ? a.integers("dilations") : shape(kernel.size(), 1), a.integers("pads"),
                 a.has("ceil_mode") && a.flag("ceil_mode"), a.has("auto_pad") ? a.text("auto_pad") : "NOTSET");
}

// For draw functions: spatial extents, and windows over them of which at least one fits. `planes` is how many planes (N
// times C) the tensors have: with them, about a hundred and fifty elements at most.
struct drawn_windows {
  struct options {
    bool dilated = false;
    bool in_padding = false;  // windows may lie in the padding altogether
    bool symmetric = false;   // as much padding at the end of an axis as at its beginning
    index_t taps = 36;        // positions in the kernel, at most
    std::string auto_pad = "NOTSET";
  };

  // Options for auto_pad, with room for ordinary padding.
  static std::string any_auto_pad(sampler& s) {
    return s.choose<std::string>({"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"});
  }

  drawn_windows(sampler& s, index_t rank, index_t planes, const options& may) : auto_pad(may.auto_pad) {
    shape ends;
    index_t room_in = std::max<index_t>(1, 150 / planes), room_out = room_in, taps = may.taps;
    for (index_t k = 0; k < rank; ++k) {
      const index_t in = s.extent(1, std::clamp<index_t>(room_in, 1, rank == 1 ? 17 : 9));
      const window_axis a = axis(s, k, in, room_out, taps, may);
      room_in /= in;
      room_out /= a.out();
      taps /= a.kernel;
      spatial.push_back(in);
      kernel.push_back(a.kernel);
      strides.push_back(a.stride);
      dilations.push_back(a.dilation);
      pads.push_back(auto_pad == "NOTSET" ? a.pad_begin : 0);
      ends.push_back(auto_pad == "NOTSET" ? a.pad_end : 0);
    }
    pads.insert(pads.end(), ends.begin(), ends.end());
  }

  // Sets the attributes with ONNX's names, less the kernel's shape.
  void state(sampler& s) const {
    s.attribute("auto_pad", auto_pad);
    s.attribute("strides", strides);
    s.attribute("dilations", dilations);
    s.attribute("pads", pads);
  }

  // The shape of a tensor with that many planes.
  shape over(index_t batch, index_t channels) const {
    shape x = {batch, channels};
    x.insert(x.end(), spatial.begin(), spatial.end());
    return x;
  }

  shape spatial, kernel, strides, dilations, pads;
  std::string auto_pad;

 private:
  // Axis number k. Only choices along the first two are swept: there are no more columns in an orthogonal array.
  static window_axis axis(sampler& s, index_t k, index_t in, index_t most_out, index_t most_taps, const options& may) {
    const auto any = [&](std::initializer_list<index_t> options) {
      if (k < 2) return s.choose<index_t>(options);
      return options.begin()[s.random().below(static_cast<index_t>(options.size()))];
    };
    window_axis a{.in = in};
    a.kernel = std::clamp<index_t>(any({3, 2, 1, 4}), 1, std::max<index_t>(1, std::min(s.limit(), most_taps)));
    a.stride = any({2, 1, 3});
    if (may.dilated) a.dilation = k == 0 ? s.choose<index_t>({1, 2}) : s.random().between(1, 2);
    const index_t most = may.in_padding ? a.kernel : a.kernel - 1;
    a.pad_begin = s.random().between(0, most);
    a.pad_end = may.symmetric ? a.pad_begin : s.random().between(0, most);
    a.pad(may.auto_pad);
    const bool fits = a.out() > 0 && a.out() <= most_out && (may.in_padding || !a.has_empty_window());
    if (fits) return a;
    // Without padding, any kernel that is not too large has real cells only; and in what SAME_* pads, any that does not
    // skip over them has some.
    if (may.auto_pad != "NOTSET") a.dilation = 1;
    a.kernel = std::min(a.kernel, (in - 1) / a.dilation + 1);
    a.pad_begin = a.pad_end = 0;
    a.pad(may.auto_pad);
    return a;
  }
};

}  // namespace backproof
