// Col2Im, or fold: an image from the columns that a sliding window cut out of one, added up where they overlap.
//
//   output_i  = sum of the numbers in all places where cell i stands
//   dinput[b] = g[cell at place b], 0 for places in the padding
//
// input [N, C K, L] to output [N, C, image_shape]; K positions in the block, one column for each of L windows: place
// [n, c K + k, o] belongs to position k of window o in channel c. image_shape and block_shape, inputs to ONNX, are
// attributes here, since the shape of the output depends on them. Linear, smooth everywhere. The transpose of unfold.
// Source: ONNX Col2Im-18; THNN Col2Im.
#pragma once

#include "backproof/op/op.hpp"
#include "frames/convolution.hpp"

namespace backproof::ops {

struct col2im {
  static constexpr op_info info{.name = "col2im",
                                .onnx = "Col2Im",
                                .opset = 18,
                                .signature = "input -> output",
                                .formula = "output_i = sum of the numbers in all places where cell i stands",
                                .vjp = "dinput[b] = g[cell at place b], 0 in the padding",
                                .source = "ONNX Col2Im-18"};
  static constexpr law laws[] = {law::linear(), law::batch(0b1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 1, 2, 3});
    const index_t batch = std::min(s.random().between(1, 2), s.limit());
    const index_t channels = std::min(s.random().between(1, 3), s.limit());
    // Planes count several times, for most cells stand in several columns.
    const drawn_windows w(s, rank, (rank == 3 ? 8 : 4) * batch * channels,
                          {.dilated = true, .in_padding = true, .symmetric = s.choose({true, false}), .taps = 12});
    s.attribute("image_shape", w.spatial);
    s.attribute("block_shape", w.kernel);
    s.attribute("strides", w.strides);
    s.attribute("dilations", w.dilations);
    s.attribute("pads", w.pads);
    const windows slide(w.over(batch, channels), w.kernel, w.strides, w.dilations, w.pads);
    s.input({batch, channels * slide.taps(), slide.count()});
  }

  // The windows over an image of that many planes.
  static windows over(const attributes& a, index_t batch, index_t channels) {
    shape image = a.integers("image_shape");
    if (std::any_of(image.begin(), image.end(), [](index_t n) { return n < 1 || n > 1 << 24; }))
      throw invalid_input("image_shape " + to_string(image) + " is not positive, or exceeds 2^24");
    image.insert(image.begin(), {batch, channels});
    return windows(image, a.integers("block_shape"), a.integers("strides"), a.integers("dilations"),
                   a.integers("pads"));
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (in[0].size() != 3) throw invalid_input("input " + to_string(in[0]) + " has not three axes");
    const windows slide = over(a, in[0][0], 1);
    if (in[0][1] % slide.taps() != 0 || in[0][2] != slide.count())
      throw invalid_input("input " + to_string(in[0]) + " has not the rows of whole blocks, or not one column " +
                          "for each of " + std::to_string(slide.count()) + " windows");
    shape image = a.integers("image_shape");
    image.insert(image.begin(), {in[0][0], in[0][1] / slide.taps()});
    return {image};
  }

  template <scalar S, class F>
  static void each_place(const call<S>& c, F visit) {  // visit(place, cell)
    const shape& x = c.in[0].dims();
    const windows slide = over(c.attrs, x[0], 1);
    convolution::each_in_block(slide, x[0] * x[1] / slide.taps(), visit);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_place(c, [&](index_t b, index_t i) { total[i] += c.in[0][b]; });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each_place(c, [&](index_t b, index_t i) { d[0][b] = g[0][i]; });
  }
};

}  // namespace backproof::ops
