// Real bugs of convolutions.
#pragma once

#include <algorithm>

#include "backproof/mutation/ways.hpp"
#include "reference/conv.hpp"

namespace backproof::mutants {

struct convolution_bugs {
  static constexpr family_info info{.name = "convolution_bugs", .what = "real bugs of convolutions"};

  static std::vector<mutant> all() {
    return {{.name = "stride_and_dilation_not_exchanged",
             .bug_class = "swap",
             .summary = "the gradient of the kernel takes stride and dilation for each other",
             .where = "stride and dilation differ",
             .ops = "conv_transpose",
             .wrong = transposed_kernel_gradient,
             .entry = "C01",
             .cites = "huggingface/candle #2337"},
            {.name = "groups_ignored_when_strided",
             .bug_class = "stale-parameter",
             .summary = "groups ignored when stride > 1",
             .where = "groups > 1 and a stride > 1",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   if (grouped(q) && strided(q)) with_gradients(&without_groups<rounded>, q, r);
                 },
             .entry = "C03",
             .cites = "ml-explore/mlx #3800"},
            {.name = "kernel_gradient_cut_wrongly",
             .bug_class = "wrong-axis",
             .summary = "of a kernel gradient that comes out too large the wrong part is cut out",
             .where = "as many groups as channels, more than one, and a stride > 1",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   tensor& dw = *r.tensors[1];
                   if (!grouped(q) || !strided(q) || dw.dims()[1] != 1) return;
                   const tensor right = dw;
                   for (index_t i = 0; i < dw.count(); ++i) dw.set(i, right.at((i + 1) % dw.count()));
                 },
             .entry = "C04",
             .cites = "tracel-ai/burn #1891"},
            {.name = "index_of_the_map_for_the_channel",
             .bug_class = "swap",
             .summary = "the gradient of the image is written to the channel that the output map has",
             .where = "more than one channel",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.inputs[0]->dims()[1] > 1) with_gradients(&to_the_maps_channel<rounded>, q, r);
                 },
             .entry = "C06",
             .cites = "NervanaSystems/neon #111"},
            {.name = "kernel_gradient_averaged",
             .bug_class = "scale",
             .summary = "the gradient of the kernel is divided by the batch and the size of the image",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   const shape& y = q.x.cotangents[0].dims();
                   const double n = static_cast<double>(q.x.cotangents[0].count() / y[1]);
                   tensor& dw = *r.tensors[1];
                   for (index_t i = 0; i < dw.count(); ++i) dw.set(i, dw.at(i) / n);
                 },
             .entry = "C07",
             .cites = "sebgao/cTensor #3"},
            {.name = "kernel_gradient_with_the_surplus",
             .bug_class = "wrong-window",
             .summary = "the gradient of the kernel by a convolution is not cropped: it has rows too many",
             .where = "the stride leaves a remainder",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   if (const index_t k = axis_with_remainder(q); k >= 0) enlarge(*r.tensors[1], k + 2);
                 },
             .entry = "C09",
             .cites = "f-dangel/backpack #30, meta-pytorch/opacus #245"},
            {.name = "output_padding_not_cropped",
             .bug_class = "wrong-window",
             .summary = "the output padding is not cropped from the gradient of the image, which has cells too many",
             .where = "output padding",
             .ops = "conv_transpose",
             .wrong =
                 [](const question& q, reply& r) {
                   const shape& more = q.x.attrs.integers("output_padding");
                   for (std::size_t k = 0; k < more.size(); ++k)
                     if (more[k] > 0) return enlarge(*r.tensors[0], static_cast<index_t>(k) + 2);
                 },
             .entry = "C10",
             .cites = "tracel-ai/burn #4916"},
            {.name = "batch_split_with_wrong_offset",
             .bug_class = "size-path",
             .summary = "a large batch is split, and the second part begins where the first one does",
             .where = "a batch of more than one",
             .ops = "conv",
             .wrong =
                 [](const question&, reply& r) {
                   tensor& dx = *r.tensors[0];
                   const index_t rows = dx.dims()[0], row = dx.count() / rows, half = rows / 2;
                   for (index_t i = half * row; half > 0 && i < 2 * half * row; ++i) dx.set(i, dx.at(i - half * row));
                 },
             .entry = "C12",
             .cites = "ROCm/rocm-libraries #10627"},
            {.name = "taps_added_without_atomics",
             .bug_class = "race",
             .summary = "contributions to one cell are added without atomics: some are lost",
             .where = "several threads",
             .ops = "conv",
             .wrong =
                 [](const question& q, reply& r) {
                   if (q.x.under != call_condition::threads) return;
                   sample other = q.x;
                   other.cotangents[0].set(0, 0);
                   r.tensors[0] = q.with(other).tensors[0];
                 },
             .entry = "C13",
             .cites = "jmschrei/cherimoya #25",
             .depends_on_condition = true}};
  }

 private:
  static bool grouped(const question& q) { return q.x.attrs.integer("group") > 1; }
  static bool strided(const question& q) {
    const shape& s = q.x.attrs.integers("strides");
    return std::any_of(s.begin(), s.end(), [](index_t n) { return n > 1; });
  }

  static void with_gradients(ways::formula image, const question& q, reply& r) {
    reply wrong = r;
    ways::vjp(image)(q, wrong);
    r.tensors[0] = wrong.tensors[0];
  }

  // Each output map reads the kernel as if there were but one group.
  template <class S>
  static void without_groups(const call<S>& c, cotangents<S> g, results<S> d) {
    const shape &x = c.in[0].dims(), &w = c.in[1].dims();
    const windows slide = windows_of(c.attrs, x, convolution::taps_of(w));
    sums<S> dx(d[0]);
    for (index_t n = 0; n < x[0]; ++n)
      for (index_t channel = 0; channel < x[1]; ++channel)
        for (index_t m = 0; m < w[0]; ++m)
          for (index_t o = 0; o < slide.count(); ++o)
            slide.each_cell(o, [&](index_t i, index_t k) {
              dx[(n * x[1] + channel) * slide.cells() + i].add_product(
                  g[0][(n * w[0] + m) * slide.count() + o], c.in[1][(m * w[1] + channel % w[1]) * slide.taps() + k]);
            });
    dx.store();
  }

  template <class S>
  static void to_the_maps_channel(const call<S>& c, cotangents<S> g, results<S> d) {
    const shape &x = c.in[0].dims(), &w = c.in[1].dims();
    const index_t cells = size_of(x) / std::max<index_t>(1, x[0] * x[1]);
    const index_t windows_per_plane = g[0].size() / std::max<index_t>(1, x[0] * w[0]);
    sums<S> dx(d[0]);
    ops::conv::each_product(c, [&](index_t y, index_t at, index_t k) {
      const index_t n = at / cells / x[1], map = y / windows_per_plane % w[0];
      dx[(n * x[1] + map % x[1]) * cells + at % cells].add_product(g[0][y], c.in[1][k]);
    });
    dx.store();
  }

  // The first spatial axis along which the last window leaves cells over; none: -1.
  static index_t axis_with_remainder(const question& q) {
    if (q.x.attrs.text("auto_pad") != "NOTSET") return -1;
    const shape &x = q.x.inputs[0]->dims(), &w = q.x.inputs[1]->dims();
    const shape &strides = q.x.attrs.integers("strides"), &pads = q.x.attrs.integers("pads");
    for (std::size_t k = 0; k < strides.size(); ++k) {
      const index_t reach = q.x.attrs.integers("dilations")[k] * (w[k + 2] - 1) + 1;
      if ((x[k + 2] + pads[k] + pads[k + strides.size()] - reach) % strides[k] != 0) return static_cast<index_t>(k);
    }
    return -1;
  }

  static void enlarge(tensor& t, index_t axis) {
    shape s = t.dims();
    ++s[static_cast<std::size_t>(axis)];
    t = tensor(t.type(), s);  // of another shape, whatever it holds
  }

  // dW[c, m, k] = sum x[n, c, i] g[n, m, i s - p + k d] with s and d exchanged; without groups and made pads.
  static void transposed_kernel_gradient(const question& q, reply& r) {
    const attributes& a = q.x.attrs;
    if (a.text("auto_pad") != "NOTSET" || !a.integers("output_shape").empty() || a.integer("group") != 1) return;
    const tensor &x = *q.x.inputs[0], &g = q.x.cotangents[0];
    tensor& dw = *r.tensors[1];
    const shape &s = a.integers("dilations"), &d = a.integers("strides"), &p = a.integers("pads");
    const std::size_t rank = s.size();
    const auto spatial = [&](const tensor& t) { return shape(t.dims().begin() + 2, t.dims().end()); };
    const shape cells = spatial(x), out = spatial(g), taps = spatial(dw);
    for (index_t c = 0; c < dw.dims()[0]; ++c)
      for (index_t m = 0; m < dw.dims()[1]; ++m)
        for (index_t k = 0; k < size_of(taps); ++k) {
          double total = 0;
          for (index_t n = 0; n < x.dims()[0]; ++n)
            for (index_t i = 0; i < size_of(cells); ++i) {
              index_t at = 0, rest_i = i, rest_k = k, scale = 1;
              bool inside = true;
              for (std::size_t axis = rank; axis-- > 0;) {
                const index_t o = rest_i % cells[axis] * s[axis] - p[axis] + rest_k % taps[axis] * d[axis];
                inside = inside && o >= 0 && o < out[axis];
                at += o * scale, scale *= out[axis];
                rest_i /= cells[axis], rest_k /= taps[axis];
              }
              if (inside)
                total +=
                    x.at((n * x.dims()[1] + c) * size_of(cells) + i) * g.at((n * g.dims()[1] + m) * size_of(out) + at);
            }
          dw.set((c * dw.dims()[1] + m) * size_of(taps) + k, total);
        }
  }
};

}  // namespace backproof::mutants
