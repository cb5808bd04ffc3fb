// fractional_max_pool: maxima over windows whose distances vary between two integers, at random but given.
//
//   y_o  = max of the cells of window o
//   dx_i = sum over the windows o with x_i = y_o of g_o / |T_o|,   T_o = the cells of window o that equal y_o
//
// Along an axis of n cells, window i of m has k cells from start(i) on:
//   start(i) = floor((i + u) a) - floor(u a) for i < m - 1, n - k for the last one;   a = (n - k) / (m - 1)
// x [N, C, spatial]; u in [0, 1) is random_samples [N, C, d], number k of a plane for spatial axis k (torch has them
// the other way round for d = 2); attributes kernel_size and output_size, one number per axis. Kinks where cells of a
// window tie: any weights >= 0 on T_o that add up to 1 are a subgradient, and the reference takes the even ones. A NaN
// wins. Source: Graham, "Fractional max-pooling", 2014; THNN SpatialFractionalMaxPooling,
// VolumetricFractionalMaxPooling.
#pragma once

#include "frames/pooling.hpp"

namespace backproof::ops {

struct fractional_max_pool : pooling::maximum<fractional_max_pool> {
  static constexpr op_info info{.name = "fractional_max_pool",
                                .signature = "x, random_samples~ -> y",
                                .formula = "y_o = max of the cells of window o, windows at given random places",
                                .vjp = "dx_i = sum of g_o / |T_o| over the windows o with x_i = y_o, T_o their ties",
                                .source = "THNN SpatialFractionalMaxPooling, VolumetricFractionalMaxPooling"};
  static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t rank = s.choose<index_t>({2, 3});
    const shape x = pooling::drawn_image(s, rank);
    shape kernel, out;
    for (index_t k = 0; k < rank; ++k) {
      const index_t n = x[static_cast<std::size_t>(k + 2)];
      kernel.push_back(std::min(s.choose<index_t>({2, 1, 3}), n));
      const index_t most = n - kernel.back() + 1;  // more of them than one less than this, torch refuses for d = 3
      out.push_back(
          s.random().between(1, rank == 3 && s.random().chance(0.75) ? std::max<index_t>(1, most - 1) : most));
    }
    s.attribute("kernel_size", kernel);
    s.attribute("output_size", out);
    s.input(x, {.distinct = true});
    s.input({x[0], x[1], rank}, {.low = 0x1p-6, .high = 1 - 0x1p-6});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape &x = in[0], &kernel = a.integers("kernel_size"), &out = a.integers("output_size");
    if (x.size() < 3 || kernel.size() + 2 != x.size() || out.size() + 2 != x.size())
      throw invalid_input("x " + to_string(x) + " does not have the spatial axes of kernel_size or output_size");
    const shape samples = {x[0], x[1], static_cast<index_t>(kernel.size())};
    if (in[1] != samples) throw invalid_input("random_samples " + to_string(in[1]) + " is not " + to_string(samples));
    shape y = {x[0], x[1]};
    for (std::size_t k = 0; k < kernel.size(); ++k) {
      if (kernel[k] < 1 || out[k] < 1 || kernel[k] > x[k + 2] || out[k] > x[k + 2] - kernel[k] + 1)
        throw invalid_input("x " + to_string(x) + " has no room for so many windows");
      y.push_back(out[k]);
    }
    return {y};
  }

  // Along one axis. The division comes last, so that no rounding shifts a window.
  static std::vector<pooling::boxes::range> ranges(index_t n, index_t kernel, index_t out, double u) {
    if (!(u >= 0 && u < 1)) throw invalid_input("a random sample is not in [0, 1)");
    // Nothing here is negative, so that to cut off is to round down.
    const auto floor_of = [&](const real& at) {
      return static_cast<index_t>(static_cast<long long>(at * real(n - kernel) / real(out - 1)));
    };
    std::vector<pooling::boxes::range> r;
    for (index_t i = 0; i < out; ++i) {
      const index_t start = i == out - 1 ? n - kernel : floor_of(real(i) + real(u)) - floor_of(real(u));
      r.push_back({start, start + kernel});
    }
    return r;
  }

  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const shape &x = c.in[0].dims(), &kernel = c.attrs.integers("kernel_size"), &out = c.attrs.integers("output_size");
    const index_t rank = static_cast<index_t>(kernel.size());
    for (index_t plane = 0; plane < x[0] * x[1]; ++plane) {
      std::vector<std::vector<pooling::boxes::range>> along;
      for (std::size_t k = 0; k < kernel.size(); ++k) {
        const double u = static_cast<double>(c.in[1][plane * rank + static_cast<index_t>(k)]);
        along.push_back(ranges(x[k + 2], kernel[k], out[k], u));
      }
      pooling::each_window_of(pooling::boxes(shape(x.begin() + 2, x.end()), std::move(along)), plane, visit);
    }
  }
};

}  // namespace backproof::ops
