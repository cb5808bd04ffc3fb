// Slice: every step-th element from start to end, along some axes.
//
//   output[.., i, ..] = data[.., start + i step, ..],   dx = g at the elements that were taken, 0 at all others
//
// starts, ends, axes and steps are attributes here, because they determine the shape of the output. Negative numbers
// count from the end; what exceeds the axis is clamped; a negative step runs backwards, and then an end before the
// first element is below -extent. Linear, J J^T = 1; nothing is computed, so every element must come out bit for bit,
// and the zeros must be there. Source: ONNX Slice-13.
#pragma once

#include <algorithm>
#include <limits>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct slice : rearrangement<slice> {
  static constexpr op_info info{.name = "slice",
                                .onnx = "Slice",
                                .opset = 13,
                                .signature = "data -> output",
                                .formula = "output[.., i, ..] = data[.., start + i step, ..]",
                                .vjp = "dx = g at the elements that were taken, 0 at all others",
                                .source = "ONNX Slice-13"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t step = s.choose<index_t>({1, 2, -1, 3, -2});
    const index_t writing = s.pick(3);
    const shape x = s.dims(1, 4);
    shape starts, ends, axes, steps;
    const index_t rank = static_cast<index_t>(x.size()), sure = s.random().below(rank);
    for (index_t axis = rank - 1; axis >= 0; --axis) {
      if (axis != sure && s.random().chance(0.4)) continue;
      const index_t n = x[static_cast<std::size_t>(axis)];
      const index_t first = n == 0 ? 0 : s.random().below(n);
      const bool backwards = step < 0;
      const index_t end = n == 0 ? 0 : backwards ? s.random().between(-1, first - 1) : s.random().between(first + 1, n);
      starts.push_back(writing == 1 ? first - n : first);
      ends.push_back(written(end, n, backwards, writing));
      axes.push_back(s.random().chance(0.5) ? axis : axis - rank);
      steps.push_back(axis == sure ? step : backwards ? -1 : 1);
    }
    s.attribute("starts", starts);
    s.attribute("ends", ends);
    s.attribute("axes", axes);
    s.attribute("steps", steps);
    s.input(x);
  }

  // An end in one of the ways to write it: from the beginning, from the end, or beyond the axis if it is there.
  static index_t written(index_t end, index_t n, bool backwards, index_t writing) {
    if (backwards && end == -1) return writing == 2 ? -std::numeric_limits<int>::max() : -n - 1;
    if (!backwards && end == n) return writing == 2 ? std::numeric_limits<int>::max() : n;
    return writing == 1 ? end - n : end;
  }

  struct range {
    index_t first = 0, step = 1, count = 0;
  };

  // One for each axis of x.
  static std::vector<range> ranges(const attributes& a, const shape& x) {
    const shape &starts = a.integers("starts"), &ends = a.integers("ends"), &axes = a.integers("axes"),
                &steps = a.integers("steps");
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
      throw invalid_input("starts, ends, axes and steps are not as many");
    const index_t rank = static_cast<index_t>(x.size());
    std::vector<range> all;
    for (const index_t n : x) all.push_back({.count = n});
    shape seen;
    for (std::size_t k = 0; k < axes.size(); ++k) {
      const index_t axis = axes[k] < 0 ? axes[k] + rank : axes[k];
      if (axis < 0 || axis >= rank) throw invalid_input("axes " + to_string(axes) + " of " + to_string(x));
      if (std::find(seen.begin(), seen.end(), axis) != seen.end())
        throw invalid_input("axes " + to_string(axes) + " name one twice");
      seen.push_back(axis);
      all[static_cast<std::size_t>(axis)] = clamped(starts[k], ends[k], steps[k], x[static_cast<std::size_t>(axis)]);
    }
    return all;
  }

  static range clamped(index_t start, index_t end, index_t step, index_t n) {
    if (step == 0) throw invalid_input("a step is 0");
    const index_t longest = n + 1;  // a longer step leads out as well
    step = std::clamp(step, -longest, longest);
    if (start < 0) start += n;
    if (end < 0) end += n;
    if (step > 0) {
      start = std::clamp<index_t>(start, 0, n), end = std::clamp<index_t>(end, 0, n);
      return {start, step, std::max<index_t>(0, (end - start + step - 1) / step)};
    }
    if (n == 0) return {};
    start = std::clamp<index_t>(start, 0, n - 1), end = std::clamp<index_t>(end, -1, n - 1);
    return {start, step, std::max<index_t>(0, (start - end - step - 1) / -step)};
  }

  static shape result(const attributes& a, const shape& x) {
    shape y;
    for (const range& r : ranges(a, x)) y.push_back(r.count);
    return y;
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    const std::vector<range> all = ranges(a, x);
    return sources_by_coordinates(result(a, x), x, [&](shape at) {
      for (std::size_t k = 0; k < at.size(); ++k) at[k] = all[k].first + at[k] * all[k].step;
      return at;
    });
  }
};

}  // namespace backproof::ops
