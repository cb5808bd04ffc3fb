// MaxUnpool: numbers put back to where a MaxPool found them, zeros elsewhere.
//
//   y[I_i] = x_i, 0 elsewhere
//   dx_i   = g[I_i]
//
// X and I [N, C, spatial]; I holds flat positions in Y, each of them once: of numbers put to one place, it would be
// undefined which one stays. Along an axis, Y has stride (n - 1) + kernel - pads cells; ONNX's optional output_shape is
// not given. Linear, smooth everywhere. Data is moved only: y and dx must be right bit for bit.
// Source: ONNX MaxUnpool-22; THNN SpatialMaxUnpooling, VolumetricMaxUnpooling.
#pragma once

#include <numeric>

#include "backproof/op/op.hpp"
#include "frames/pooling.hpp"

namespace backproof::ops {

struct max_unpool {
  static constexpr op_info info{.name = "max_unpool",
                                .onnx = "MaxUnpool",
                                .opset = 22,
                                .signature = "X, I# -> output",
                                .formula = "y[I_i] = x_i, 0 elsewhere",
                                .vjp = "dx_i = g[I_i]",
                                .source = "ONNX MaxUnpool-22"};
  static constexpr law laws[] = {law::linear(), law::norm(1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 1, 3});
    const bool padded = s.choose({false, true});
    shape x = pooling::drawn_planes(s, rank), kernel, strides, begins, ends;
    for (index_t k = 0, room = 100 / size_of(x); k < rank; ++k) {
      x.push_back(s.extent(1, std::clamp<index_t>(room / 2, 1, rank == 1 ? 15 : 5)));
      kernel.push_back(std::min(s.choose<index_t>({2, 3, 1}), s.limit()));
      strides.push_back(s.choose<index_t>({2, 1, 3}));
      if (room < 6) kernel.back() = strides.back() = 1;
      begins.push_back(padded ? s.random().between(0, (kernel.back() - 1) / 2) : 0);
      ends.push_back(s.random().chance(0.75) ? begins.back() : kernel.back() - 1 - begins.back());
      room /= extent(x.back(), kernel.back(), strides.back(), begins.back(), ends.back());
    }
    begins.insert(begins.end(), ends.begin(), ends.end());
    s.attribute("kernel_shape", kernel);
    s.attribute("strides", strides);
    s.attribute("pads", begins);
    s.input(x);
    s.indices(x, positions(s, x, size_of(x) / (x[0] * x[1]), cells_of(kernel, strides, begins, x)));
  }

  // Of each plane's elements in its own plane of the output, as a MaxPool finds them, but in no order.
  static std::vector<index_t> positions(sampler& s, const shape& x, index_t elements, index_t cells) {
    std::vector<index_t> found, in_plane(static_cast<std::size_t>(cells));
    for (index_t plane = 0; plane < x[0] * x[1]; ++plane) {
      std::iota(in_plane.begin(), in_plane.end(), plane * cells);
      for (index_t i = 0; i < elements; ++i) {
        std::swap(in_plane.at(static_cast<std::size_t>(i)),
                  in_plane.at(static_cast<std::size_t>(s.random().between(i, cells - 1))));
        found.push_back(in_plane[static_cast<std::size_t>(i)]);
      }
    }
    return found;
  }

  static index_t extent(index_t n, index_t kernel, index_t stride, index_t pad_begin, index_t pad_end) {
    return stride * (n - 1) + kernel - pad_begin - pad_end;
  }

  static index_t cells_of(const shape& kernel, const shape& strides, const shape& pads, const shape& x) {
    index_t n = 1;
    for (std::size_t k = 0; k < kernel.size(); ++k)
      n *= extent(x[k + 2], kernel[k], strides[k], pads[k], pads[kernel.size() + k]);
    return n;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape &x = in[0], &kernel = a.integers("kernel_shape"), &strides = a.integers("strides"),
                &pads = a.integers("pads");
    if (x.size() < 3 || kernel.size() + 2 != x.size() || strides.size() != kernel.size() ||
        pads.size() != 2 * kernel.size() || in[1] != x)
      throw invalid_input("X " + to_string(x) + ", I " + to_string(in[1]) + " and the attributes do not fit");
    shape y = {x[0], x[1]};
    double all = 1;
    for (std::size_t k = 0; k < kernel.size(); ++k) {
      window_axis{.kernel = kernel[k], .stride = strides[k], .pad_begin = pads[k], .pad_end = pads[kernel.size() + k]}
          .check();
      y.push_back(extent(x[k + 2], kernel[k], strides[k], pads[k], pads[kernel.size() + k]));
      all *= static_cast<double>(y.back());
      if (y.back() < 1 || all > 1 << 28) throw invalid_input("the output is empty, or larger than 2^28");
    }
    return {y};
  }

  // Calls visit(i, j) for each element i of X and the place j in the output, of so many elements, where it belongs.
  template <scalar S, class F>
  static void each_place(const call<S>& c, index_t size, F visit) {
    std::vector<bool> taken(static_cast<std::size_t>(size));
    for (index_t i = 0; i < c.in[0].size(); ++i) {
      const index_t j = c.at(1, i);
      if (j < 0 || j >= size || taken[static_cast<std::size_t>(j)])
        throw invalid_input("index " + std::to_string(j) + " is not in the output, or there twice");
      taken[static_cast<std::size_t>(j)] = true;
      visit(i, j);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_place(c, y[0].size(), [&](index_t i, index_t j) { y[0][j] = c.in[0][i]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each_place(c, g[0].size(), [&](index_t i, index_t j) { d[0][i] = g[0][j]; });
  }
};

}  // namespace backproof::ops
