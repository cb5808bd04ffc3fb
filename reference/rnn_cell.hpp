// rnn_cell: one step of a plain recurrent network.
//
//   H = f(a),  a = x W^T + Wb + h R^T + Rb
//   da = g f'(a);  dx = da W, dh = da R, dW = da^T x, dR = da^T h, dWb = dRb = da summed over the batch
//
// x [N, I], h [N, H], W [H, I], R [H, H], B = [Wb, Rb] [2H] optional; f is tanh or relu. tanh' = 1 - tanh^2 has lost
// all digits where tanh rounds to 1, so it is computed as 4 e / (1 + e)^2, e = exp(-2 |a|). relu has a kink at a = 0,
// and a is computed: within rounding of it, either slope is right. Source: torch.nn.RNNCell; ONNX RNN-22, a single
// step.
#pragma once

#include "frames/recurrent.hpp"

namespace backproof::ops {

struct rnn_cell : recurrent::single<rnn_cell, recurrent::rnn_steps> {
  static constexpr op_info info{.name = "rnn_cell",
                                .signature = "x, h, W, R, B? -> H",
                                .formula = "H = f(x W^T + Wb + h R^T + Rb)",
                                .vjp = "da = g f'(a); dx = da W, dh = da R, dW = da^T x, dR = da^T h, dB = sum da",
                                .source = "torch.nn.RNNCell"};
  static constexpr law laws[] = {law::batch(0b11)};
  static constexpr recurrent::places inputs{.x = 0, .h = 1, .w = 2, .r = 3, .b = 4}, outputs{.h = 0};
  using variants = variant_list<from_outputs>;

  static void draw(sampler& s) {
    s.attribute("nonlinearity", s.choose<std::string>({"tanh", "relu"}));
    single::draw(s);
  }

  static std::vector<recurrent::activation> activations(const attributes& a, index_t) {
    const std::string& f = a.text("nonlinearity");
    if (f == "tanh") return {{recurrent::activation::kind::tanh}};
    if (f == "relu") return {{recurrent::activation::kind::relu}};
    throw invalid_input("nonlinearity is '" + f + "', not tanh or relu");
  }
};

}  // namespace backproof::ops
