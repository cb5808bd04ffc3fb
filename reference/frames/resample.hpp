// Resampling along one axis: which cells of the input, with which weights, make each cell of the output. Weights depend
// on attributes only.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "backproof/number/bounded.hpp"
#include "backproof/number/math.hpp"
#include "backproof/number/sum.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

template <class S>
struct tap {
  index_t cell;
  S weight;
};

struct resampling {
  std::string mode, coordinates, nearest;  // as ONNX Resize names them
  double a = -0.75;                        // of the cubic kernel
  bool exclude_outside = false;
};

struct resampled_axis {
  index_t in = 1, out = 1;
  double scale = 0;  // 0: out / in
  double roi_begin = 0, roi_end = 1;

  // Cells that stay where they are, and are not computed with.
  bool unchanged(const resampling& r) const {
    const bool cropped = r.coordinates == "tf_crop_and_resize" && !(roi_begin == 0 && roi_end == 1);
    return in == out && (scale == 0 || scale == 1) && !cropped;
  }

  // Where cell j of the output lies among the cells of the input.
  template <class S>
  S coordinate(index_t j, const std::string& how) const {
    const S at(static_cast<int>(j)), n(static_cast<int>(in)), o(static_cast<int>(out));
    if (how == "align_corners") return out == 1 ? S(0) : at * (n - S(1)) / (o - S(1));
    if (how == "tf_crop_and_resize") {
      const S begin(roi_begin), end(roi_end);
      if (out == 1) return (begin + end) * (n - S(1)) / S(2);
      return begin * (n - S(1)) + at * (end - begin) * (n - S(1)) / (o - S(1));
    }
    const S step = scale == 0 ? n / o : S(1) / S(scale);
    if (how == "asymmetric") return at * step;
    if (how == "pytorch_half_pixel" && out == 1) return S(0);
    const S x = (at + S(0.5)) * step - S(0.5);
    return how == "half_pixel_symmetric" ? x + n / S(2) - o * step / S(2) : x;
  }

  // The distance from cell to cell of the output, in cells of the input.
  double step(const std::string& how) const {
    return out == 1 ? 0 : static_cast<double>(coordinate<real>(1, how) - coordinate<real>(0, how));
  }

  bool outside(index_t j, const resampling& r) const {
    if (r.coordinates != "tf_crop_and_resize" || unchanged(r)) return false;
    const real x = coordinate<real>(j, r.coordinates);
    return x < real(0) || real(static_cast<int>(in - 1)) < x;
  }

  // Whether an implementation, which rounds coordinates, may find one on the other side of a jump: that between two
  // nearest cells, or that to the outside. With steps of a power of two, nothing is rounded.
  bool ambiguous(const resampling& r) const {
    if (unchanged(r)) return false;
    const double length = std::fabs(step(r.coordinates));
    int power = 0;
    const bool exact = length == 0 || std::frexp(length, &power) == 0.5;
    const auto close = [](double x) { return std::fabs(x - std::nearbyint(x)) < 0x1p-10; };
    for (index_t j = 0; j < out; ++j) {
      const double x = static_cast<double>(coordinate<real>(j, r.coordinates));
      const double boundary = r.nearest == "floor" || r.nearest == "ceil" ? x : x - 0.5;
      if (r.mode == "nearest" && !exact && close(boundary)) return true;
      const bool at_end = std::fabs(x) < 0x1p-10 || std::fabs(x - static_cast<double>(in - 1)) < 0x1p-10;
      if (r.coordinates == "tf_crop_and_resize" && !exact && at_end) return true;
    }
    return false;
  }

  // The taps of cell j. The bounds are for implementations that compute the weights in their own arithmetic; the others
  // get weights that are rounded once, if at all.
  template <class S>
  std::vector<tap<S>> taps(index_t j, const resampling& r) const {
    if (unchanged(r)) return {{j, S(1)}};
    const real x = coordinate<real>(j, r.coordinates);
    if (r.mode == "nearest") return {{std::clamp<index_t>(nearest_cell(x, r.nearest), 0, in - 1), S(1)}};
    if constexpr (std::is_same_v<S, bounded<real>>) {
      return weighed<S>(j, x, r);
    } else {
      std::vector<tap<S>> all;
      for (const tap<real>& t : weighed<real>(j, x, r))
        if (!(t.weight == real(0))) all.push_back({t.cell, math::constant<S>(t.weight)});
      return all;
    }
  }

 private:
  static index_t floor_of(const real& x) { return static_cast<index_t>(static_cast<long long>(math::floor(x))); }

  static index_t nearest_cell(const real& x, const std::string& how) {
    const real half(0.5);
    if (how == "floor") return floor_of(x);
    if (how == "ceil") return -floor_of(-x);
    return how == "round_prefer_ceil" ? floor_of(x + half) : -floor_of(half - x);
  }

  // Taps outside of the axis are those of its first or last cell. A coordinate that is nearly whole may be found on the
  // other side, where a tap further away has a weight of next to nothing.
  template <class S>
  std::vector<tap<S>> weighed(index_t j, const real& x, const resampling& r) const {
    const index_t reach = r.mode == "linear" ? 1 : 2, base = floor_of(x);
    const S at = coordinate<S>(j, r.coordinates);
    std::vector<tap<S>> all;
    sum<S> total;
    for (index_t cell = base - reach; cell <= base + reach + 1; ++cell) {
      if (math::abs(x - real(static_cast<long long>(cell))) > real(static_cast<double>(reach) + 0x1p-8)) continue;
      const bool inside = cell >= 0 && cell < in;
      if (r.exclude_outside && !inside) continue;
      const S t = math::abs(at - S(static_cast<int>(cell)));
      all.push_back({std::clamp<index_t>(cell, 0, in - 1), r.mode == "linear" ? hat(t) : cubic(t, S(r.a))});
      total += all.back().weight;
    }
    if (r.exclude_outside)
      for (tap<S>& t : all) t.weight /= total.value();
    return all;
  }

  template <class S>
  static S hat(const S& t) {
    return math::max(S(1) - t, S(0));
  }

  // The cubic convolution kernel; from t = 2 on it is 0.
  template <class S>
  static S cubic(const S& t, const S& a) {
    if (t < S(1)) return ((a + S(2)) * t - (a + S(3))) * t * t + S(1);
    const S u = math::min(t, S(2));
    return ((a * u - S(5) * a) * u + S(8) * a) * u - S(4) * a;
  }
};

}  // namespace backproof
