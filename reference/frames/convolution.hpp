// What convolutions have in common, forward and backward: which elements are multiplied with each other.
//
// A convolution takes an image x [N, C, spatial] to y [N, M, spatial] with a kernel w [M, C/G, taps], for G groups of
// channels. Its transpose takes y back to x with the same kernel. Either is a sum of products of elements, and so are
// their gradients, over the same triples of y, x and w.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/window.hpp"

namespace backproof::convolution {

// The kernel's shape, without its axes of channels.
inline shape taps_of(const shape& w) {
  if (w.size() < 3) throw invalid_input("W " + to_string(w) + " has no spatial axis");
  return shape(w.begin() + 2, w.end());
}

// Throws invalid_input unless an image with so many channels forms the groups that the kernel is for.
inline void check_groups(index_t group, index_t channels, const shape& w) {
  if (group < 1 || w[0] % group != 0 || channels % group != 0 || channels / group != w[1])
    throw invalid_input("W " + to_string(w) + " and " + std::to_string(channels) +
                        " channels of the image do not form " + std::to_string(group) + " groups");
}

// The same for the bias, input 2, if it is given.
inline void check_bias(std::span<const shape> in, index_t channels) {
  if (given(in, 2) && in[2] != shape{channels})
    throw invalid_input("B " + to_string(in[2]) + " does not fit " + std::to_string(channels) + " channels");
}

// Calls visit(y, x, w) for all triples of elements of y, x and w that meet, by flat positions. The windows slide over
// the spatial axes of the image, which has the shape x.
template <class F>
void each_product(const windows& slide, const shape& x, const shape& w, index_t group, F visit) {
  const index_t windows_per_plane = slide.count(), outputs_per_group = w[0] / group;
  for (index_t n = 0; n < x[0]; ++n)
    for (index_t m = 0; m < w[0]; ++m)
      for (index_t channel = 0; channel < w[1]; ++channel) {
        const index_t y_plane = n * w[0] + m, w_plane = m * w[1] + channel;
        const index_t x_plane = n * x[1] + m / outputs_per_group * w[1] + channel;
        for (index_t o = 0; o < windows_per_plane; ++o)
          slide.each_cell(o, [&](index_t i, index_t k) {
            visit(y_plane * windows_per_plane + o, x_plane * slide.cells() + i, w_plane * slide.taps() + k);
          });
      }
}

// Calls visit(i, m) for each element of a tensor [N, M, ...], by flat position, and its channel m.
template <class F>
void each_in_channel(const shape& s, F visit) {
  const slices channels(s, 1);
  for (index_t n = 0; n < channels.outer; ++n)
    for (index_t m = 0; m < channels.length; ++m)
      for (index_t o = 0; o < channels.inner; ++o) visit(channels.start(n, o) + m * channels.inner, m);
}

// The frame of Conv and ConvTranspose, whose inputs are X, W and B?. The op states which elements meet:
//
//   template <scalar S, class F> static void each_product(const call<S>& c, F visit);    // visit(y, x, w)
//
// Y is one sum, B among its terms.
template <class Op>
struct frame {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    Op::each_product(c, [&](index_t i, index_t x, index_t w) { total[i].add_product(c.in[0][x], c.in[1][w]); });
    if (c.has(2)) each_in_channel(y[0].dims(), [&](index_t i, index_t m) { total[i] += c.in[2][m]; });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]), dw(d[1]);
    Op::each_product(c, [&](index_t i, index_t x, index_t w) {
      dx[x].add_product(g[0][i], c.in[1][w]);
      dw[w].add_product(g[0][i], c.in[0][x]);
    });
    dx.store();
    dw.store();
    if (c.has(2)) {
      sums<S> db(d[2]);
      each_in_channel(g[0].dims(), [&](index_t i, index_t m) { db[m] += g[0][i]; });
      db.store();
    }
  }
};

// A bound of ||dY/dX|| for a convolution of an image [N, C, spatial] that pads with zeros, with any strides: the norm
// of the circular one on a grid so long that nothing wraps around (backproof/number/spectral.hpp).
double circular_twin_norm(const shape& image, const values<real>& w, index_t group, const shape& dilations);

// Calls visit(b, i) for each cell i of an image [N, C, spatial], of so many planes (N times C), and each place b where
// it stands in the blocks [N, C taps, L] cut out of it, one column for each of L windows. Both are flat positions.
template <class F>
void each_in_block(const windows& slide, index_t planes, F visit) {
  const index_t taps = slide.taps(), cells = slide.cells(), columns = slide.count();
  for (index_t plane = 0; plane < planes; ++plane)
    for (index_t o = 0; o < columns; ++o)
      slide.each_cell(o, [&](index_t i, index_t k) { visit((plane * taps + k) * columns + o, plane * cells + i); });
}

// For draw functions: extents that have no axis to slide along. One, two or as many groups as channels, and up to `few`
// channels in each, on either side.
struct drawn_channels {
  drawn_channels(sampler& s, index_t few) {
    // A few times `each`, and no more than the limit.
    const auto some = [&](index_t each) {
      return each * std::clamp<index_t>(s.random().between(1, few), 1, std::max<index_t>(1, s.limit() / each));
    };
    const index_t kind = s.choose<index_t>({2, 1, 0});  // 0: depthwise
    group = std::min(kind == 0 ? s.random().between(2, few + 1) : kind, s.limit());
    batch = some(1);
    image = kind == 0 ? group : some(group);
    maps = some(group);
  }

  // W, and a bias of one number for each of so many channels, or none.
  void draw_kernel(sampler& s, const shape& taps, index_t biases) const {
    shape w = {maps, image / group};
    w.insert(w.end(), taps.begin(), taps.end());
    s.input(w);
    if (s.random().chance(0.5))
      s.input({biases});
    else
      s.absent();
  }

  index_t group, batch, image, maps;
};

}  // namespace backproof::convolution
