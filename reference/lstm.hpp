// LSTM, a long short-term memory over a sequence, in one direction or both.
//
//   each step as in lstm_cell, with activations f, g, h for s, tanh and tanh;  Y_t = h_t, Y_h and Y_c the last states
//   backward over t: the VJP of the step, with gY_t added to what comes from t+1
//   gY_h and gY_c join at the last step; dinitial_h and dinitial_c are what arrives before the first
//   gradients of W, R, B and P add up over the steps
//
// X [T, N, I], W [D, 4H, I], R [D, 4H, H], B [D, 8H], sequence_lens [N], initial_h and initial_c [D, N, H], Y [T, D, N,
// H] and Y_h and Y_c [D, N, H]; D = 2 directions if bidirectional, else 1; with layout = 1 the batch N comes first
// everywhere. Steps from sequence_lens[n] on are not taken: Y is 0 there, the last state stays, and the reverse
// direction begins at the end of the row. What activations are applied to is clipped to [-clip, clip], if clip is
// given; activations is one text, with commas. Kinks at the clip, and of activations that have some: what they are
// applied to is computed, so within rounding of a kink either slope is right. P [D, 3H] (i, o, f) are peepholes. With
// input_forget f = 1 - i. The C that h is applied to is clipped as well, but not the one that is passed on. Source:
// ONNX LSTM-22. ONNX has no gradients of initial_h and initial_c; here they are inputs like any others.
#pragma once

#include "frames/recurrent.hpp"

namespace backproof::ops {

struct lstm : recurrent::unrolled<lstm, recurrent::lstm_steps> {
  static constexpr op_info info{
      .name = "lstm",
      .onnx = "LSTM",
      .opset = 22,
      .signature = "X, W, R, B?, sequence_lens?#, initial_h?, initial_c?, P? -> Y, Y_h, Y_c",
      .formula = "c_t = f(a_f) c_{t-1} + f(a_i) g(a_c), h_t = f(a_o) h(c_t), a = W x_t + R h_{t-1} + b + p c",
      .vjp = "backward over t: the step's VJP, with gY_t added to dh_t; weights' gradients add up",
      .source = "ONNX LSTM-22"};
  static constexpr recurrent::places inputs{.x = 0, .h = 5, .c = 6, .w = 1, .r = 2, .b = 3, .p = 7, .lens = 4},
      outputs{.h = 1, .c = 2, .y = 0};
  using variants = variant_list<from_outputs>;

  static void draw(sampler& s) {
    s.attribute("input_forget", s.choose<index_t>({0, 0, 0, 1}));
    unrolled::draw(s);
  }
};

}  // namespace backproof::ops
