// Split: a tensor cut into parts along one axis.
//
//   outputs_k = the k-th part of the input;   dx = the cotangents of all parts, side by side
//
// There are num_outputs parts. Their extents are `split` (an attribute here, because it determines the shapes of the
// outputs), or if that is empty, all alike but the last, which is smaller if it does not come out even. Linear, and an
// isometry; nothing is computed, so every element must come out bit for bit. Source: ONNX Split-18.
#pragma once

#include <algorithm>
#include <string>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct split {
  static constexpr op_info info{.name = "split",
                                .onnx = "Split",
                                .opset = 18,
                                .signature = "input -> outputs...",
                                .formula = "outputs_k = the k-th part of the input along the axis",
                                .vjp = "dx = the cotangents of all parts, side by side",
                                .source = "ONNX Split-18"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    const index_t wanted = s.choose<index_t>({2, 3, 1, 4});
    const bool sizes = s.choose({true, false});
    const shape x = s.dims(1, 4);
    const index_t rank = static_cast<index_t>(x.size());
    const index_t axis = s.attribute("axis", s.pick(2 * rank) - rank);
    const index_t extent = x[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
    index_t parts = wanted;
    while (parts > 1 && part(extent, parts) * (parts - 1) >= extent) --parts;  // the last one is not empty
    shape given;
    if (sizes) {
      index_t left = extent;
      for (index_t k = 1; k < parts; ++k) left -= given.emplace_back(s.random().between(0, left));
      given.push_back(left);
    }
    s.attribute("split", given);
    s.attribute("num_outputs", parts);
    s.input(x);
  }

  static index_t part(index_t extent, index_t parts) { return extent / parts + (extent % parts != 0); }

  static std::vector<index_t> extents(const attributes& a, const shape& x) {
    const slices along(x, a.integer("axis"));  // throws if there is no such axis
    const index_t parts = a.integer("num_outputs");
    if (parts < 1 || parts > 1000)
      throw invalid_input("num_outputs is " + std::to_string(parts) + ", not in 1 .. 1000");
    std::vector<index_t> sizes = a.integers("split");
    if (sizes.empty()) {
      const index_t each = part(along.length, parts);
      sizes.assign(static_cast<std::size_t>(parts), each);
      sizes.back() = along.length - each * (parts - 1);
    }
    index_t left = along.length;
    for (const index_t e : sizes) {
      if (e < 0 || e > left) left = -1;
      if (left >= 0) left -= e;
    }
    if (left != 0 || static_cast<index_t>(sizes.size()) != parts)
      throw invalid_input("an extent of " + std::to_string(along.length) + " is not split into " +
                          std::to_string(parts) + " parts " + to_string(sizes));
    return sizes;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const index_t axis = a.integer("axis");
    std::vector<shape> parts;
    for (const index_t e : extents(a, in[0])) {
      parts.push_back(in[0]);
      parts.back()[static_cast<std::size_t>(axis < 0 ? axis + static_cast<index_t>(in[0].size()) : axis)] = e;
    }
    return parts;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    each_in_parts(c.in[0].dims(), c.attrs.integer("axis"), extents(c.attrs, c.in[0].dims()),
                  [&](std::size_t k, index_t i, index_t j) { y[k][i] = c.in[0][j]; });
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    each_in_parts(c.in[0].dims(), c.attrs.integer("axis"), extents(c.attrs, c.in[0].dims()),
                  [&](std::size_t k, index_t i, index_t j) { d[0][j] = g[k][i]; });
  }
};

}  // namespace backproof::ops
