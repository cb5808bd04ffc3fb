// Resize: resampling of a tensor along each of its axes.
//
//   Y  = X resampled along each axis by a matrix R that depends on attributes only: y_o = sum_i R_oi x_i
//   dX = g resampled by the transposes: dx_i = sum_o R_oi g_o
//
//   nearest: one cell of weight 1          linear: the two cells around the coordinate, weights 1 - r and r
//   cubic:   the four around it, weights by the convolution kernel with coefficient cubic_coeff_a
//
// Coordinates of output cell j, with s = scale given or out / in:
//   half_pixel (j + 1/2) / s - 1/2; pytorch_half_pixel the same, 0 if out = 1; asymmetric j / s; align_corners
//   j (in - 1) / (out - 1); half_pixel_symmetric about the centre; tf_crop_and_resize over roi, and cells outside of
//   the tensor get extrapolation_value and have no gradient.
// Cells beyond the ends are those at the ends, or with exclude_outside have no weight. Linear in X. Where a coordinate
// meets a jump of `nearest`, rounding decides; samples stay away from such, unless nothing is rounded there.
// ONNX hands over roi, scales and sizes as inputs; here they are attributes, for the shape of the output depends on
// them, and `scales` or `sizes` is empty. No antialias, no axes. Source: ONNX Resize-19; bilinear and bicubic
// upsampling of torch.nn.functional.interpolate.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/resample.hpp"

namespace backproof::ops {

struct resize {
  static constexpr op_info info{.name = "resize",
                                .onnx = "Resize",
                                .opset = 19,
                                .signature = "X -> Y",
                                .formula = "Y = X resampled along each axis: nearest, linear or cubic",
                                .vjp = "dX = g resampled by the transposed weights",
                                .source = "ONNX Resize-19"};
  static constexpr law laws[] = {law::linear()};

  static void draw(sampler& s) {
    resampling r;
    r.coordinates =
        s.attribute("coordinate_transformation_mode",
                    s.choose<std::string>({"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel",
                                           "half_pixel_symmetric", "tf_crop_and_resize"}));
    r.mode = s.attribute("mode", s.choose<std::string>({"linear", "nearest", "cubic"}));
    r.nearest = s.attribute("nearest_mode",
                            s.choose<std::string>({"round_prefer_floor", "floor", "round_prefer_ceil", "ceil"}));
    s.attribute("cubic_coeff_a", s.choose({-0.75, -0.5}));
    s.attribute("exclude_outside", r.mode == "cubic" ? s.choose<index_t>({0, 1}) : 0);
    s.attribute("extrapolation_value", s.choose({0.0, 1.5}));
    const index_t spatial = s.choose<index_t>({2, 1, 3});
    const bool cornered = r.coordinates == "align_corners" || r.coordinates == "tf_crop_and_resize";
    const bool scaled = s.choose({false, true}) && !cornered;
    const bool batched = s.choose({true, true, false}) || spatial == 1;

    shape x, sizes;
    std::vector<double> scales, begins, ends;
    if (batched)
      for (const index_t e : {s.extent(1, 3), s.extent(1, 3)}) {
        x.push_back(e);
        sizes.push_back(e);
        scales.push_back(1);
        begins.push_back(0);
        ends.push_back(1);
      }
    for (index_t k = 0, room = 250 / size_of(x); k < spatial; ++k) {
      const resampled_axis axis = drawn_axis(s, r, scaled,
                                             std::min<index_t>(room, spatial == 1   ? 9
                                                                     : spatial == 2 ? 5
                                                                                    : 3),
                                             room);
      room /= std::max(axis.in, axis.out);
      x.push_back(axis.in);
      sizes.push_back(axis.out);
      scales.push_back(axis.scale);
      begins.push_back(axis.roi_begin);
      ends.push_back(axis.roi_end);
    }
    begins.insert(begins.end(), ends.begin(), ends.end());
    s.attribute("roi", r.coordinates == "tf_crop_and_resize" ? begins : std::vector<double>{});
    s.attribute("scales", scaled ? scales : std::vector<double>{});
    s.attribute("sizes", scaled ? shape{} : sizes);
    s.input(x);
  }

  // An axis without coordinates on which implementations may differ; from the first attempt on, ever simpler ones.
  static resampled_axis drawn_axis(sampler& s, const resampling& r, bool scaled, index_t most, index_t room) {
    const bool cropped = r.coordinates == "tf_crop_and_resize";
    resampled_axis a{.in = s.extent(1, most)};
    a.out = s.extent(1, std::min(2 * most, room));
    if (scaled) {
      a.scale = std::array{0.5, 0.75, 1.5, 2.0, 2.5, 1.25}[static_cast<std::size_t>(s.random().below(6))];
      a.out = static_cast<index_t>(std::floor(static_cast<double>(a.in) * a.scale));
    }
    if (cropped) {
      a.roi_begin = s.random().chance(0.3) ? -0.3125 : 0.1875;
      a.roi_end = s.random().chance(0.3) ? 1.3125 : 0.6875;
    }
    if (a.out > 0 && a.out <= room && !a.ambiguous(r)) return a;
    a.scale = scaled ? 2 : 0;
    a.out = r.coordinates == "align_corners" ? 2 * a.in - 1 : 2 * a.in;
    if (cropped) a.roi_begin = 0.1875, a.roi_end = 0.6875;
    if (a.out <= room && !a.ambiguous(r)) return a;
    a.scale = scaled ? 1 : 0;
    a.out = a.in;
    return a;
  }

  static resampling how(const attributes& a) {
    const resampling r{.mode = a.text("mode"),
                       .coordinates = a.text("coordinate_transformation_mode"),
                       .nearest = a.text("nearest_mode"),
                       .a = a.number("cubic_coeff_a"),
                       .exclude_outside = a.flag("exclude_outside")};
    const auto one_of = [](const std::string& name, std::initializer_list<std::string_view> known) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw invalid_input("there is no mode '" + name + "'");
    };
    one_of(r.mode, {"nearest", "linear", "cubic"});
    one_of(r.nearest, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
    one_of(r.coordinates, {"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners",
                           "tf_crop_and_resize"});
    return r;
  }

  static std::vector<resampled_axis> axes_of(const attributes& a, const shape& x) {
    const std::vector<double>&scales = a.numbers("scales"), &roi = a.numbers("roi");
    const shape& sizes = a.integers("sizes");
    const bool cropped = a.text("coordinate_transformation_mode") == "tf_crop_and_resize";
    if (scales.empty() == sizes.empty() && !x.empty()) throw invalid_input("either scales or sizes, not both");
    if ((scales.empty() ? sizes.size() : scales.size()) != x.size() || (cropped && roi.size() != 2 * x.size()))
      throw invalid_input("scales, sizes or roi do not fit X " + to_string(x));
    std::vector<resampled_axis> all;
    double elements = 1;
    for (std::size_t k = 0; k < x.size(); ++k) {
      resampled_axis axis{.in = x[k]};
      if (!scales.empty()) axis.scale = scales[k];
      if (cropped) axis.roi_begin = roi[k], axis.roi_end = roi[k + x.size()];
      const double out =
          scales.empty() ? static_cast<double>(sizes[k]) : std::floor(static_cast<double>(x[k]) * axis.scale);
      constexpr double largest = 1 << 24;  // so that nothing overflows
      elements *= out;
      if (!(axis.scale >= 0) || (!scales.empty() && axis.scale == 0) || !(out >= 0 && elements <= largest) ||
          static_cast<double>(x[k]) > largest || !(std::fabs(axis.roi_begin) + std::fabs(axis.roi_end) < largest))
        throw invalid_input("scales, sizes or roi are negative, or too large");
      axis.out = static_cast<index_t>(out);
      if (axis.in == 0 && axis.out > 0) throw invalid_input("there is nothing to resample");
      all.push_back(axis);
    }
    return all;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    how(a), a.number("extrapolation_value");
    shape y;
    for (const resampled_axis& axis : axes_of(a, in[0])) y.push_back(axis.out);
    return {y};
  }

  // Calls visit(o, i, weight) for each tap of each element o of the output, and outside(o) for those without any.
  template <scalar S, class F, class G>
  static void each_tap(const call<S>& c, const shape& y, F visit, G outside) {
    const shape &x = c.in[0].dims(), steps = strides_of(y);
    const resampling r = how(c.attrs);
    const std::vector<resampled_axis> axes = axes_of(c.attrs, x);
    std::vector<std::vector<std::vector<tap<S>>>> table(x.size());  // by axis and cell of the output; none if outside
    for (std::size_t k = 0; k < x.size(); ++k)
      for (index_t j = 0; j < y[k]; ++j)
        table[k].push_back(axes[k].outside(j, r) ? std::vector<tap<S>>{} : axes[k].template taps<S>(j, r));
    for (index_t o = 0; o < size_of(y); ++o) {
      std::vector<tap<S>> all = {{0, S(1)}};  // of the axes so far
      for (std::size_t k = 0; k < x.size(); ++k) {
        std::vector<tap<S>> finer;
        for (const tap<S>& t : all)
          for (const tap<S>& along : table[k][static_cast<std::size_t>(o / steps[k] % y[k])])
            finer.push_back({t.cell * x[k] + along.cell, t.weight * along.weight});
        all = std::move(finer);
      }
      if (all.empty()) outside(o);
      for (const tap<S>& t : all) visit(o, t.cell, t.weight);
    }
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_tap(
        c, y[0].dims(), [&](index_t o, index_t i, const S& w) { total[o].add_product(w, c.in[0][i]); },
        [&](index_t o) { total[o] += S(c.attrs.number("extrapolation_value")); });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    each_tap(
        c, g[0].dims(), [&](index_t o, index_t i, const S& w) { dx[i].add_product(w, g[0][o]); }, [](index_t) {});
    dx.store();
  }
};

}  // namespace backproof::ops
