// Dropout, with the mask as an input.
//
//   y  = x / (1 - ratio) where the mask is 1, else 0
//   dx = g / (1 - ratio) where the mask is 1, else 0
//
// ONNX draws the mask and returns it; what was dropped is a subject's own choice, which cannot be judged, so here it is
// told. In inference, training_mode 0, y = x and dx = g bit for bit. Linear; ratio is below 1.
// Source: ONNX Dropout-22, with ratio and training_mode as attributes.
#pragma once

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::ops {

struct dropout {
  static constexpr op_info info{.name = "dropout",
                                .onnx = "Dropout",
                                .opset = 22,
                                .signature = "data, mask# -> output",
                                .formula = "y = x / (1 - ratio) where the mask is 1, else 0; inference: y = x",
                                .vjp = "dx = g / (1 - ratio) where the mask is 1, else 0; inference: dx = g",
                                .source = "ONNX Dropout-22"};
  static constexpr law laws[] = {law::linear(), law::symmetric()};

  static void draw(sampler& s) {
    s.attribute("ratio", s.choose({0.375, 0.0, 0.4, 0.99}));
    s.attribute("training_mode", s.choose<index_t>({1, 0, 1}));
    const shape x = s.dims(0, 3);
    s.input(x);
    s.indices(x, 0, 1);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const double ratio = a.number("ratio");
    if (!(ratio >= 0 && ratio < 1)) throw invalid_input("ratio is not in [0, 1)");
    a.flag("training_mode");
    if (in[1] != in[0]) throw invalid_input("mask " + to_string(in[1]) + " does not fit " + to_string(in[0]));
    return {in[0]};
  }

  template <scalar S>
  static void drop(const call<S>& c, const values<S>& from, values<S>& to) {
    const bool training = c.attrs.flag("training_mode");
    const S kept = S(1) - S(c.attrs.number("ratio"));
    for (index_t i = 0; i < from.size(); ++i)
      if (!training)
        to[i] = from[i];
      else if (c.at(1, i) != 0)
        to[i] = from[i] / kept;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    drop(c, c.in[0], y[0]);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    drop(c, g[0], d[0]);
  }
};

}  // namespace backproof::ops
