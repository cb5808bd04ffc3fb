// ConvTranspose: the transpose of Conv, which takes its outputs back to where its windows lie.
//
//   Y[n,m,o]   = B[m] + sum_{c,i,k: i s - p + k d = o} X[n,c,i] W[c,m',k],   c in m's group, m' = m's place in it
//   dX[n,c,i]  = sum_{m,k} g[n,m,i s - p + k d] W[c,m',k],   over the cells of the output only
//   dW[c,m',k] = sum_{n,i} X[n,c,i] g[n,m,i s - p + k d],    likewise
//   dB[m]      = sum_{n,o} g[n,m,o],   over the cells of the output that no window reaches as well
//
// X [N, C, spatial], W [C, M/G, kernel], B [M] optional; s strides, p pads, d dilations, G groups, one s, p and d per
// spatial axis. With n cells, an output has s (n - 1) + output_padding + d (k - 1) + 1 - pads, output_padding < s. An
// output_shape that is not empty states that extent, and SAME_* states n s; either makes the pads, an odd one at the
// end (SAME_UPPER) or at the beginning (all else). Linear in each operand, smooth everywhere. Y is one sum, B among its
// terms: implementations accumulate onto the bias, or add it at the end. Source: ONNX ConvTranspose-22; THNN
// SpatialFullDilatedConvolution, VolumetricFullDilatedConvolution.
#pragma once

#include <tuple>
#include <utility>

#include "frames/convolution.hpp"

namespace backproof::ops {

struct conv_transpose : convolution::frame<conv_transpose> {
  static constexpr op_info info{.name = "conv_transpose",
                                .onnx = "ConvTranspose",
                                .opset = 22,
                                .signature = "X, W, B? -> Y",
                                .formula = "Y[n,m,o] = B[m] + sum_{c,i,k: i s - p + k d = o} X[n,c,i] W[c,m,k]",
                                .vjp = "dX = sum_{m,k} g W at the cells, dW = sum_{n,i} X g, dB = sum_{n,o} g",
                                .source = "ONNX ConvTranspose-22"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2), law::batch(0b1),
                                 law::translation(-1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 1, 3});
    const index_t way = s.pick(7);
    const std::string ways[] = {"NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", "NOTSET", "SAME_UPPER"};
    const std::string auto_pad = s.attribute("auto_pad", ways[way]);
    const bool stated = way > 4;  // output_shape
    const convolution::drawn_channels c(s, rank == 3 ? 2 : 3);
    // Drawn as windows over the output, of which the input has one number each; what they leave over is output_padding.
    const std::string drawn_as = stated ? "NOTSET" : auto_pad;
    const drawn_windows w(s, rank, c.batch * std::max(c.image, c.maps),
                          {.dilated = true, .in_padding = true, .auto_pad = drawn_as});
    const windows over(w.over(c.batch, c.image), w.kernel, w.strides, w.dilations, w.pads, false, drawn_as);
    const shape x = over.output(c.batch, c.maps);
    shape more;
    for (std::size_t k = 0; k < w.kernel.size(); ++k) {
      const window_axis a{.kernel = w.kernel[k], .stride = w.strides[k], .dilation = w.dilations[k]};
      const index_t reached = a.stride * (x[k + 2] - 1) + a.reach() - w.pads[k] - w.pads[w.kernel.size() + k];
      const bool same = way == 3 || way == 4;
      const index_t least = std::max<index_t>(0, a.stride - a.reach());  // an output of n s must not need negative pads
      more.push_back(same ? s.random().between(least, a.stride - 1) : w.spatial[k] - reached);
    }
    s.attribute("group", c.group);
    s.attribute("strides", w.strides);
    s.attribute("dilations", w.dilations);
    s.attribute("pads", way < 2 ? w.pads : shape(w.pads.size(), 0));
    s.attribute("output_padding", more);
    s.attribute("output_shape", stated ? w.spatial : shape{});
    s.input(x);
    c.draw_kernel(s, w.kernel, c.image);
  }

  // The shape of Y and the pads, made or given.
  struct geometry {
    geometry(const attributes& a, const shape& x, const shape& w) : y{x[0], w[1] * a.integer("group")} {
      const shape kernel = convolution::taps_of(w), &strides = a.integers("strides"),
                  &dilations = a.integers("dilations");
      const std::size_t rank = kernel.size();
      if (x.size() != rank + 2 || strides.size() != rank || dilations.size() != rank ||
          a.integers("pads").size() != 2 * rank || a.integers("output_padding").size() != rank)
        throw invalid_input("X " + to_string(x) + " or an attribute has not the rank of W " + to_string(w));
      for (std::size_t k = 0; k < rank; ++k) {
        window_axis slide{.kernel = kernel[k], .stride = strides[k], .dilation = dilations[k]};
        slide.check();
        const index_t more = a.integers("output_padding")[k];
        if (more < 0 || more >= slide.stride) throw invalid_input("output_padding is not 0 .. stride - 1");
        const index_t whole = slide.stride * (x[k + 2] - 1) + more + slide.reach();
        std::tie(slide.pad_begin, slide.pad_end) = padding(a, k, whole, slide.stride * x[k + 2]);
        slide.check();
        pads.insert(pads.begin() + static_cast<std::ptrdiff_t>(k), slide.pad_begin);
        pads.push_back(slide.pad_end);
        y.push_back(whole - slide.pad_begin - slide.pad_end);
        if (y.back() < 1) throw invalid_input("the pads leave nothing of the output");
      }
    }

    shape y, pads;

   private:
    // At both ends of axis k, whose output is `whole` without padding, and `same` with SAME_*.
    static std::pair<index_t, index_t> padding(const attributes& a, std::size_t k, index_t whole, index_t same) {
      const shape &pads = a.integers("pads"), &stated = a.integers("output_shape");
      const std::string& how = a.text("auto_pad");
      if (how != "NOTSET" && how != "VALID" && how != "SAME_UPPER" && how != "SAME_LOWER")
        throw invalid_input("auto_pad is '" + how + "', not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
      if (stated.empty() && how == "NOTSET") return {pads[k], pads[pads.size() / 2 + k]};
      if (stated.empty() && how == "VALID") return {0, 0};
      if (!stated.empty() && (stated.size() != pads.size() / 2 || stated[k] < 1))
        throw invalid_input("output_shape has not the kernel's rank, or is not positive");
      const index_t total = whole - (stated.empty() ? same : stated[k]);
      if (total < 0) throw invalid_input("the output would have to be larger than the windows reach");
      if (how == "SAME_UPPER") return {total / 2, total - total / 2};
      return {total - total / 2, total / 2};
    }
  };

  // Windows over the output, one for each cell of the input.
  static windows over(const attributes& a, const shape& w, const geometry& at) {
    return windows(at.y, convolution::taps_of(w), a.integers("strides"), a.integers("dilations"), at.pads);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape &x = in[0], &w = in[1];
    const index_t group = a.integer("group");
    if (x.size() < 3 || w.size() < 3 || x[1] != w[0] || group < 1 || group > std::max<index_t>(1, x[1]))
      throw invalid_input("X " + to_string(x) + " and W " + to_string(w) + " do not form " + std::to_string(group) +
                          " groups");
    const geometry at(a, x, w);
    convolution::check_groups(group, at.y[1], w);
    convolution::check_bias(in, at.y[1]);
    over(a, w, at);  // throws if anything is too large
    return {at.y};
  }

  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {  // visit(y, x, w), with X in the place of a convolution's Y
    const shape& w = c.in[1].dims();
    const geometry at(c.attrs, c.in[0].dims(), w);
    convolution::each_product(over(c.attrs, w, at), at.y, w, c.attrs.integer("group"),
                              [&](index_t x, index_t y, index_t k) { visit(y, x, k); });
  }
};

}  // namespace backproof::ops
