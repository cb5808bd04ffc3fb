// RNN, a plain recurrent network over a sequence, in one direction or both.
//
//   h_t  = f(a_t), a_t = W x_t + Wb + R h_{t-1} + Rb;  Y_t = h_t, Y_h the last one
//   da_t = f'(a_t) (gY_t + R^T da_{t+1}), the last one with gY_h instead of R^T da_{t+1}
//   dx_t = W^T da_t, dW = sum da_t x_t^T, dR = sum da_t h_{t-1}^T, dWb = dRb = sum da_t, dinitial_h = R^T da_1
//
// X [T, N, I], W [D, H, I], R [D, H, H], B [D, 2H], sequence_lens [N], initial_h [D, N, H], Y [T, D, N, H] and
// Y_h [D, N, H]; D = 2 directions if bidirectional, else 1; with layout = 1 the batch N comes first everywhere.
// Steps from sequence_lens[n] on are not taken: Y is 0 there, the last state stays, and the reverse direction begins
// at the end of the row. What activations are applied to is clipped to [-clip, clip], if clip is given; activations is
// one text, with commas. Kinks at the clip, and of activations that have some: what they are applied to is computed,
// so within rounding of a kink either slope is right.
// Source: ONNX RNN-22. ONNX has no gradient of initial_h; here it is an input like any other.
#pragma once

#include "frames/recurrent.hpp"

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
