// lstm_cell: one step of a long short-term memory.
//
//   i, o, f, c~ = s(a_i), s(a_o), s(a_f), tanh(a_c),  a = x W^T + Wb + h R^T + Rb, with peepholes + P_i c, P_o C, P_f c
//   C = f c + i c~,  H = o tanh(C)
//   da_o = gH tanh(C) s'(a_o);  dC = gC + gH o tanh'(C) + P_o da_o
//   da_i = dC c~ s'(a_i), da_f = dC c s'(a_f), da_c = dC i tanh'(a_c);  dc = dC f + P_i da_i + P_f da_f
//   dx = sum da W, dh = sum da R, dW = da^T x, dR = da^T h, dWb = dRb = da, dP = da_i c, da_o C, da_f c over the batch
//
// x [N, I], h and c [N, H], W [4H, I], R [4H, H] in the order i, o, f, c (torch: i, f, c, o), B = [Wb, Rb] [8H] and P
// [3H] (i, o, f) optional. s is the logistic function. Smooth everywhere. Slopes computed from rounded outputs, as
// s (1 - s), lose their digits where a gate saturates. Source: torch.nn.LSTMCell; ONNX LSTM-22, a single step.
#pragma once

#include "frames/recurrent.hpp"

namespace backproof::ops {

struct lstm_cell : recurrent::single<lstm_cell, recurrent::lstm_steps> {
  static constexpr op_info info{.name = "lstm_cell",
                                .signature = "x, h, c, W, R, B?, P? -> H, C",
                                .formula = "C = s(a_f) c + s(a_i) tanh(a_c), H = s(a_o) tanh(C), a = W x + R h + b",
                                .vjp = "dC = gC + gH o tanh'(C) + P_o da_o, dc = dC f + P_i da_i + P_f da_f, .. ",
                                .source = "torch.nn.LSTMCell"};
  static constexpr law laws[] = {law::batch(0b111)};
  static constexpr recurrent::places inputs{.x = 0, .h = 1, .c = 2, .w = 3, .r = 4, .b = 5, .p = 6},
      outputs{.h = 0, .c = 1};
  using variants = variant_list<from_outputs>;

  static std::vector<recurrent::activation> activations(const attributes&, index_t) {
    using kind = recurrent::activation::kind;
    return {{kind::sigmoid}, {kind::tanh}, {kind::tanh}};
  }
};

}  // namespace backproof::ops
