// Expand: the input broadcast to a shape, numpy-style.
//
//   output = input, repeated along the axes that are new or have extent 1;   dx = g summed over those axes
//
// `shape` is an attribute here, because it determines the shape of the output; it broadcasts both ways, so that an
// extent of 1 in it leaves the input's. Linear; the adjoint of ReduceSum. Forward nothing is computed, so every element
// must come out bit for bit. Source: ONNX Expand-13.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/rearrangement.hpp"

namespace backproof::ops {

struct expand : rearrangement<expand> {
  static constexpr op_info info{.name = "expand",
                                .onnx = "Expand",
                                .opset = 13,
                                .signature = "input -> output",
                                .formula = "output = input broadcast to shape",
                                .vjp = "dx = g summed over the broadcast axes",
                                .source = "ONNX Expand-13"};
  static constexpr law laws[] = {law::linear(), law::shift(1)};

  static void draw(sampler& s) {
    const index_t kind = s.pick(4);
    const shape full = s.dims(1, 4);
    shape x = full, target = full;
    if (kind == 1 || kind == 3) x.erase(x.begin(), x.begin() + s.random().between(0, static_cast<index_t>(x.size())));
    for (std::size_t k = 0; k < x.size(); ++k) {
      const bool repeats = s.random().chance(kind == 0 ? 1 : 0.5);
      if (repeats && kind != 1) x[k] = 1;
      if (!repeats && s.random().chance(0.5)) target[full.size() - x.size() + k] = 1;
    }
    if (kind == 2) target.erase(target.begin(), target.begin() + leading_ones(target));  // fewer axes than the input
    s.attribute("shape", target);
    s.input(x);
  }

  static index_t leading_ones(const shape& s) {
    index_t n = 0;
    while (n < static_cast<index_t>(s.size()) && s[static_cast<std::size_t>(n)] == 1) ++n;
    return n;
  }

  static shape result(const attributes& a, const shape& x) {
    return affordable(broadcast(x, affordable(a.integers("shape"))));
  }

  static std::vector<index_t> sources(const attributes& a, const shape& x) {
    const shape y = result(a, x);
    const broadcasting at(x, y);
    std::vector<index_t> from;
    for (index_t i = 0; i < size_of(y); ++i) from.push_back(at(i));
    return from;
  }
};

}  // namespace backproof::ops
