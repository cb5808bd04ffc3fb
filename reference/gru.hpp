// GRU, a gated recurrent unit over a sequence, in one direction or both.
//
//   each step as in gru_cell, with activations f and g for s and tanh;  Y_t = h_t, Y_h the last state
//   backward over t: the VJP of the step, with gY_t added to what comes from t+1
//   gY_h joins at the last step; dinitial_h is what arrives before the first
//   gradients of W, R and B add up over the steps
//
// X [T, N, I], W [D, 3H, I], R [D, 3H, H], B [D, 6H], sequence_lens [N], initial_h [D, N, H], Y [T, D, N, H] and
// Y_h [D, N, H]; D = 2 directions if bidirectional, else 1; with layout = 1 the batch N comes first everywhere.
// Steps from sequence_lens[n] on are not taken: Y is 0 there, the last state stays, and the reverse direction begins
// at the end of the row. What activations are applied to is clipped to [-clip, clip], if clip is given; activations is
// one text, with commas. Kinks at the clip, and of activations that have some: what they are applied to is computed,
// so within rounding of a kink either slope is right.
// Source: ONNX GRU-22. ONNX has no gradient of initial_h; here it is an input like any other.
#pragma once

#include "frames/recurrent.hpp"

namespace backproof::ops {

struct gru : recurrent::unrolled<gru, recurrent::gru_steps> {
  static constexpr op_info info{.name = "gru",
                                .onnx = "GRU",
                                .opset = 22,
                                .signature = "X, W, R, B?, sequence_lens?#, initial_h? -> Y, Y_h",
                                .formula = "h_t = (1-z) n + z h_{t-1}, z and r = f(W x + R h + b), n = g(..)",
                                .vjp = "backward over t: the step's VJP, with gY_t added to dh_t; weights' add up",
                                .source = "ONNX GRU-22"};
  static constexpr recurrent::places inputs{.x = 0, .h = 5, .w = 1, .r = 2, .b = 3, .lens = 4}, outputs{.h = 1, .y = 0};
  using variants = variant_list<from_outputs>;

  static void draw(sampler& s) {
    s.attribute("linear_before_reset", s.choose<index_t>({1, 0, 1}));
    unrolled::draw(s);
  }
};

}  // namespace backproof::ops
