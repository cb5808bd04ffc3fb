// RNN, a plain recurrent network over a sequence, in one direction or both.
//
//   h_t = f(W x_t + Wb + R h_{t-1} + Rb),  Y_t = h_t,  Y_h the last one
//   backward over t: da_t = f'(a_t) (gY_t + what comes from t+1);  dx_t = da_t W, and da_t R goes to t-1, dW += da_t^T
//   x_t, dR += da_t^T h_{t-1}, dB += da_t; gY_h joins at the last step, dinitial_h is what arrives before the first
//
// X [T, N, I], W [D, H, I], R [D, H, H], B [D, 2H], sequence_lens [N], initial_h [D, N, H], Y [T, D, N, H],
// Y_h [D, N, H]; D = 2 directions if bidirectional, else 1; with layout = 1 the batch N comes first everywhere.
// Steps from sequence_lens[n] on are not taken: Y is 0 there, the last state stays, and the reverse direction begins at
// the end of the row. The activations' inputs are clipped to [-clip, clip], if clip is given; activations is one text,
// with commas. Kinks at the clip, and of activations that have some: their inputs are computed, so within rounding of
// a kink either slope is right.
// Source: ONNX RNN-22. ONNX has no gradient of initial_h; here it is an input like any other.
#pragma once

#include "backproof/recurrent.hpp"

namespace backproof::ops {

struct rnn : recurrent::unrolled<rnn, recurrent::rnn_steps> {
  static constexpr op_info info{.name = "rnn",
                                .onnx = "RNN",
                                .opset = 22,
                                .signature = "X, W, R, B?, sequence_lens?#, initial_h? -> Y, Y_h",
                                .formula = "h_t = f(W x_t + Wb + R h_{t-1} + Rb), Y_t = h_t, Y_h the last",
                                .vjp = "da_t = f' (gY_t + R^T da_{t+1}), dx_t = da_t W, dW = sum da_t^T x_t, ..",
                                .source = "ONNX RNN-22"};
  static constexpr recurrent::places inputs{.x = 0, .h = 5, .w = 1, .r = 2, .b = 3, .lens = 4}, outputs{.h = 1, .y = 0};
  using variants = variant_list<from_outputs>;
};

}  // namespace backproof::ops
