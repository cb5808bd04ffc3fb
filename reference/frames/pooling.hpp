// Frames for pools: the op states its windows, and the frame computes a result from the cells of each window.
//
//   struct max_pool : pooling::spatial<max_pool>, pooling::maximum<max_pool> {
//     static constexpr op_info info{.signature = "X -> Y", ...};
//     static void draw(sampler& s);
//     static windows over(const attributes& a, const shape& x);    // or boxes
//   };
//
// An op whose windows are not the same in every plane has no `over`, but an infer and an each_window of its own.
#pragma once

#include <string>
#include <vector>

#include "backproof/op/op.hpp"
#include "frames/window.hpp"

namespace backproof::pooling {

// Windows that are boxes of cells: along each spatial axis a list of ranges, and a box for each way to choose among
// them.
class boxes {
 public:
  struct range {
    index_t first, end;  // end is not included
    index_t length() const { return end - first; }
  };

  boxes(shape spatial, std::vector<std::vector<range>> along)
      : spatial_(std::move(spatial)), along_(std::move(along)) {}

  // One box, of all cells of each plane of a tensor [N, C, spatial].
  static boxes whole(const shape& x) {
    if (x.size() < 3) throw invalid_input("X " + to_string(x) + " has no spatial axis");
    boxes b(shape(x.begin() + 2, x.end()), {});
    for (const index_t n : b.spatial_) b.along_.push_back({{0, n}});
    return b;
  }

  // As many boxes along each axis as output_size says, one number per axis. They share out the axis evenly, and overlap
  // where that does not come out even: box i of m along n cells is [floor(i n / m), ceil((i + 1) n / m)).
  static boxes adaptive(const attributes& a, const shape& x) {
    const std::vector<index_t>& out = a.integers("output_size");
    boxes b = whole(x);
    if (out.size() != b.spatial_.size())
      throw invalid_input("output_size " + to_string(out) + " does not fit X " + to_string(x));
    constexpr double largest = 1 << 20;  // so that no product overflows, and no walk takes forever
    double all = 1;
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      const index_t n = b.spatial_[axis], m = out[axis];
      all *= static_cast<double>(m);
      if (m < 1 || all > largest) throw invalid_input("output_size is not positive, or exceeds 2^20 windows");
      b.along_[axis].clear();
      for (index_t i = 0; i < m; ++i) b.along_[axis].push_back({i * n / m, ((i + 1) * n + m - 1) / m});
    }
    return b;
  }

  index_t count() const {
    index_t n = 1;
    for (const auto& ranges : along_) n *= static_cast<index_t>(ranges.size());
    return n;
  }
  index_t cells() const { return size_of(spatial_); }  // of the tensor's spatial axes

  shape output(index_t batch, index_t channels) const {
    shape s = {batch, channels};
    for (const auto& ranges : along_) s.push_back(static_cast<index_t>(ranges.size()));
    return s;
  }

  bool has_empty_window() const {
    for (const auto& ranges : along_)
      for (const range& r : ranges)
        if (r.length() <= 0) return true;
    return false;
  }

  index_t real_cells(index_t o) const {
    index_t n = 1;
    for (const range& r : box(o)) n *= r.length();
    return n;
  }

  // Calls visit(i, k) for each cell i of box o, the k-th one in it.
  template <class F>
  void each_cell(index_t o, F visit) const {
    const std::vector<range> sides = box(o);
    for (index_t k = 0, n = real_cells(o); k < n; ++k) {
      index_t i = 0, step = 1, rest = k;
      for (std::size_t axis = sides.size(); axis-- > 0; rest /= sides[axis].length()) {
        i += (sides[axis].first + rest % sides[axis].length()) * step;
        step *= spatial_[axis];
      }
      visit(i, k);
    }
  }

 private:
  std::vector<range> box(index_t o) const {
    std::vector<range> sides(along_.size());
    for (std::size_t axis = along_.size(); axis-- > 0;) {
      const index_t n = static_cast<index_t>(along_[axis].size());
      sides[axis] = along_[axis][static_cast<std::size_t>(o % n)];
      o /= n;
    }
    return sides;
  }

  shape spatial_;
  std::vector<std::vector<range>> along_;
};

// Calls visit(o, cells) for each element of Y in a plane, by flat position; cells(f) calls f for each element of X,
// likewise, in its window.
template <class Windows, class F>
void each_window_of(const Windows& slide, index_t plane, F visit) {
  const index_t cells_per_plane = slide.cells(), windows_per_plane = slide.count();
  for (index_t o = 0; o < windows_per_plane; ++o)
    visit(plane * windows_per_plane + o,
          [&](auto f) { slide.each_cell(o, [&](index_t i, index_t) { f(plane * cells_per_plane + i); }); });
}

// The same windows in every plane of X [N, C, spatial].
template <class Op>
struct spatial {
  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const auto slide = Op::over(a, in[0]);
    if (slide.has_empty_window()) throw invalid_input("a window has no cell");
    return {slide.output(in[0][0], in[0][1])};
  }

  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const shape& x = c.in[0].dims();
    const auto slide = Op::over(c.attrs, x);
    for (index_t plane = 0; plane < x[0] * x[1]; ++plane) each_window_of(slide, plane, visit);
  }
};

// y_o = max of the cells of window o; tied cells share its cotangent evenly, and any other way is a subgradient too.
template <class Op>
struct maximum {
  template <scalar S, class Cells>
  static S largest(const values<S>& x, const Cells& cells) {  // a NaN wins
    S best = S(0);
    bool first = true;
    cells([&](index_t i) {
      if (first || best < x[i] || !(x[i] == x[i])) best = x[i];
      first = false;
    });
    return best;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    Op::each_window(c, [&](index_t o, const auto& cells) { y[0][o] = largest(c.in[0], cells); });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const values<S>& x = c.in[0];
    sums<S> dx(d[0]);
    Op::each_window(c, [&](index_t o, const auto& cells) {
      const S y = largest(x, cells);
      int ties = 0;
      cells([&](index_t i) { ties += x[i] == y; });
      cells([&](index_t i) {
        if (x[i] == y) dx[i] += g[0][o] / S(ties);
      });
    });
    dx.store();
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    Op::each_window(c, [&](index_t o, const auto& cells) {
      const real y = largest(c.in[0], cells);
      std::vector<position> tied;
      cells([&](index_t i) {
        if (c.in[0][i] == y) tied.push_back({0, i});
      });
      if (tied.size() > 1) s.simplex(tied, g[0][o]);
    });
  }
};

// y_o = (sum of the cells of window o) / N_o, where N_o is what Op::divisor says.
template <class Op>
struct average : spatial<Op> {
  template <class Windows>
  static index_t divisor(const attributes&, const Windows& slide, index_t o) {
    return slide.real_cells(o);
  }

  // Calls visit(o, n, cells) for each window, n being N_o.
  template <scalar S, class F>
  static void each_window(const call<S>& c, F visit) {
    const shape& x = c.in[0].dims();
    const auto slide = Op::over(c.attrs, x);
    const index_t windows_per_plane = slide.count();
    for (index_t plane = 0; plane < x[0] * x[1]; ++plane)
      each_window_of(slide, plane, [&](index_t o, const auto& cells) {
        visit(o, S(static_cast<int>(Op::divisor(c.attrs, slide, o % windows_per_plane))), cells);
      });
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    Op::each_window(c, [&](index_t o, const S& n, const auto& cells) {
      sum<S> total;
      cells([&](index_t i) { total += c.in[0][i]; });
      y[0][o] = total.value() / n;
    });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    sums<S> dx(d[0]);
    Op::each_window(c,
                    [&](index_t o, const S& n, const auto& cells) { cells([&](index_t i) { dx[i] += g[0][o] / n; }); });
    dx.store();
  }
};

// y_o = (sum of |x|^p over the cells of window o)^(1/p), with an integer p >= 1, attribute p.
template <class Op>
struct p_norm {
  template <scalar S>
  static S power(const S& x, index_t p) {
    if (p > 4) return math::pow(x, S(static_cast<double>(p)));
    S y = S(1);
    for (index_t k = 0; k < p; ++k) y *= x;
    return y;
  }

  template <scalar S>
  static S root(const S& x, index_t p) {
    return p == 2 ? math::sqrt(x) : math::pow(x, S(1) / S(static_cast<double>(p)));
  }

  static void check_p(const attributes& a) {
    if (a.integer("p") < 1) throw invalid_input("p is " + std::to_string(a.integer("p")) + ", not 1 or more");
  }

  // Scaled by the largest |x|, without which |x|^p over- or underflows.
  template <scalar S, class Cells>
  static S norm(const values<S>& x, const Cells& cells, index_t p) {
    S m = S(0);
    sum<S> all, scaled;
    cells([&](index_t i) {
      m = math::max(m, math::abs(x[i]));
      all += math::abs(x[i]);
    });
    if (p == 1 || m == S(0) || !(m - m == S(0))) return all.value();  // as are 0, infinity and NaN for any p
    cells([&](index_t i) { scaled += power(math::abs(x[i]) / m, p); });
    return m * root(scaled.value(), p);
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const index_t p = c.attrs.integer("p");
    Op::each_window(c, [&](index_t o, const auto& cells) { y[0][o] = norm(c.in[0], cells, p); });
  }

  // dx_i = g_o sgn(x_i) slope(|x_i|, y_o), summed over the windows; 0 for a window of zeros.
  template <scalar S, class Norm, class Slope>
  static void gradient(const call<S>& c, cotangents<S> g, values<S>& d, Norm y_of, Slope slope) {
    const values<S>& x = c.in[0];
    const index_t p = c.attrs.integer("p");
    sums<S> dx(d);
    Op::each_window(c, [&](index_t o, const auto& cells) {
      const S y = y_of(x, cells, p);
      if (y == S(0)) return;
      cells([&](index_t i) {
        if (!(x[i] == S(0))) dx[i] += (x[i] < S(0) ? -g[0][o] : g[0][o]) * slope(math::abs(x[i]), y, p);
      });
    });
    dx.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    gradient(
        c, g, d[0], [](const auto& x, const auto& cells, index_t p) { return norm(x, cells, p); },
        [](const S& x, const S& y, index_t p) { return p == 1 ? S(1) : power(x / y, p - 1); });
  }

  static void kinks(const call<real>& c, cotangents<real> g, subdifferential& s) {
    const index_t p = c.attrs.integer("p");
    Op::each_window(c, [&](index_t o, const auto& cells) {
      std::vector<position> zeros, all;
      cells([&](index_t i) {
        all.push_back({0, i});
        if (c.in[0][i] == real(0)) zeros.push_back({0, i});
      });
      if (p == 1)
        for (const position& z : zeros) s.interval(z, -1, 1, 0, g[0][o]);
      else if (zeros.size() == all.size())
        s.ball(all, static_cast<double>(p) / static_cast<double>(p - 1), g[0][o]);
    });
  }

  struct by_powers {
    static constexpr variant_info info{.name = "(sum |x|^p)^(1/p), |x|^(p-1)/y^(p-1)",
                                       .loss = "|x|^p over- or underflows for large or small x"};
    template <scalar S, class Cells>
    static S norm(const values<S>& x, const Cells& cells, index_t p) {
      sum<S> total;
      cells([&](index_t i) { total += power(math::abs(x[i]), p); });
      return root(total.value(), p);
    }

    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      const index_t p = c.attrs.integer("p");
      Op::each_window(c, [&](index_t o, const auto& cells) { y[0][o] = norm(c.in[0], cells, p); });
    }

    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(
          c, g, d[0], [](const auto& x, const auto& cells, index_t p) { return norm(x, cells, p); },
          [](const S& x, const S& y, index_t p) { return power(x, p - 1) / power(y, p - 1); });
    }
  };
  using variants = variant_list<by_powers>;
};

// For draw functions: N and C.
inline shape drawn_planes(sampler& s, index_t rank) {
  const auto some = [&] { return std::min(s.random().between(1, rank == 3 ? 2 : 3), s.limit()); };
  const index_t batch = some();
  return {batch, some()};
}

// For draw functions: N, C and spatial extents, for windows that need no attributes.
inline shape drawn_image(sampler& s, index_t rank) {
  shape x = drawn_planes(s, rank);
  for (index_t k = 0, room = 150 / size_of(x); k < rank; room /= x.back(), ++k)
    x.push_back(s.extent(1, std::clamp<index_t>(room, 1, rank == 1 ? 17 : 9)));
  return x;
}

// For draw functions: attribute output_size and the shape of X, for adaptive pools.
inline shape drawn_adaptive(sampler& s) {
  const index_t rank = s.choose<index_t>({2, 1, 3});
  const shape x = drawn_image(s, rank);
  shape out;
  for (std::size_t k = 2; k < x.size(); ++k) {
    const index_t n = x[k], most = rank == 3 ? 3 : 7;
    const index_t kind = k < 4 ? s.pick(4) : s.random().below(4);  // any, a half, all, more than there are
    out.push_back(kind == 0   ? s.random().between(1, n)
                  : kind == 1 ? (n + 1) / 2
                  : kind == 2 ? n
                              : n + s.random().between(1, 2));
    out.back() = std::min(out.back(), most);
  }
  s.attribute("output_size", out);
  return x;
}

// For draw functions: the attributes of sliding windows. Returns the shape of X. Without `dilated`, dilations are rare,
// for many libraries have no such pool.
inline shape drawn_sliding(sampler& s, bool dilated) {
  const index_t ceil = s.choose<index_t>({0, 1}), rank = s.choose<index_t>({2, 1, 3});
  const std::string auto_pad = drawn_windows::any_auto_pad(s);
  const shape planes = drawn_planes(s, rank);
  const drawn_windows w(s, rank, size_of(planes),
                        {.dilated = dilated || s.random().chance(0.25), .auto_pad = auto_pad});
  s.attribute("kernel_shape", w.kernel);
  // To implementations, ceil_mode means something even when auto_pad is VALID; to ONNX it does not.
  s.attribute("ceil_mode", auto_pad == "VALID" ? 0 : ceil);
  w.state(s);
  return w.over(planes[0], planes[1]);
}

}  // namespace backproof::pooling
