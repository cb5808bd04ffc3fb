// Reshape: the same elements in the same row-major order, under another shape.
//
//   reshaped = data,   dx = g in the shape of data
//
// In `shape` (an attribute here, as it was in Reshape-1, because it determines the shape of the output), -1 stands for
// whatever is left, and 0 for the extent that data has at that place, or for 0 with allowzero. Linear; nothing is
// computed, so every element must come out bit for bit. Flatten, Squeeze and Unsqueeze are special cases.
// Source: ONNX Reshape-14.
#pragma once

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct reshape : rearrangement<reshape> {
  static constexpr op_info info{.name = "reshape",
                                .onnx = "Reshape",
                                .opset = 14,
                                .signature = "data -> reshaped",
                                .formula = "reshaped = data in another shape, row-major",
                                .vjp = "dx = g in the shape of data",
                                .source = "ONNX Reshape-14"};
  static constexpr law laws[] = {law::linear(), law::isometry(1), law::shift(1)};

  static void draw(sampler& s) {
    const shape x = s.dims(1, 4);
    const bool empty = size_of(x) == 0;
    const index_t kind = s.pick(7);
    const index_t allowzero = s.choose<index_t>({0, 1});
    // In an empty tensor -1 would stand for anything, and an extent of 0 has to be written as such.
    s.attribute("allowzero", empty ? index_t{1} : kind == 1 ? index_t{0} : allowzero);
    s.attribute("shape", empty ? shape(x.rbegin(), x.rend()) : target(x, kind));
    s.input(x);
  }

  static shape target(const shape& x, index_t kind) {
    shape y = x;
    switch (kind) {
      case 0:
        return {-1};
      case 1:  // the first extent is kept
        return {0, -1};
      case 2:
        return {y.rbegin(), y.rend()};
      case 3:  // unsqueezed
        y.insert(y.begin() + 1, 1);
        return y;
      case 4:  // squeezed
        y.erase(std::remove(y.begin(), y.end(), 1), y.end());
        return y;
      case 5:  // an extent is found out
        y.back() = -1;
        y.insert(y.begin(), 1);
        return y;
      default:  // the first two axes are merged
        if (y.size() > 1) y[1] *= y[0], y.erase(y.begin());
        return y;
    }
  }

  static shape result(const attributes& a, const shape& x) {
    const bool allowzero = a.flag("allowzero");
    shape y = a.integers("shape");
    std::size_t open = y.size();
    for (std::size_t k = 0; k < y.size(); ++k) {
      if (y[k] == 0 && !allowzero) {
        if (k >= x.size()) throw invalid_input("0 stands for an extent that " + to_string(x) + " has not");
        y[k] = x[k];
      } else if (y[k] == -1) {
        if (open != y.size()) throw invalid_input("shape " + to_string(y) + " has more than one -1");
        open = k;
      }
    }
    if (open != y.size()) {
      y[open] = 1;
      const index_t others = size_of(affordable(y));
      if (others == 0 || size_of(x) % others != 0)
        throw invalid_input("no extent fits " + to_string(x) + " to " + to_string(y));
      y[open] = size_of(x) / others;
    }
    if (size_of(affordable(y)) != size_of(x))
      throw invalid_input(to_string(x) + " cannot be reshaped to " + to_string(y));
    return y;
  }

  static std::vector<index_t> sources(const attributes&, const shape& x) {
    std::vector<index_t> from(static_cast<std::size_t>(size_of(x)));
    std::iota(from.begin(), from.end(), index_t{0});
    return from;
  }
};

}  // namespace backproof::ops
