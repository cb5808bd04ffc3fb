// gru_cell: one step of a gated recurrent unit.
//
//   z, r = s(a_z), s(a_r),  a = x W^T + Wb + h R^T + Rb;  H = (1 - z) n + z h
//   n    = tanh(x W_n^T + Wb_n + (r h) R_n^T + Rb_n)
//          tanh(x W_n^T + Wb_n + r u), u = h R_n^T + Rb_n, with linear_before_reset
//   da_n = g (1 - z) tanh'(a_n),  da_z = g (h - n) s'(a_z),  dh = g z
//   dr   = t h, dh += t r, t = da_n R_n, dR_n = da_n^T (r h)
//          da_n u, dh += du R_n, du = da_n r, dR_n = du^T h, with linear_before_reset
//   da_r = dr s'(a_r),  dh += da_z R_z + da_r R_r,  dR_z = da_z^T h, dR_r = da_r^T h
//   dx   = sum da W,  dW = da^T x,  dWb = sums of da over the batch, dRb likewise, but of du
//
// x [N, I], h [N, H], W [3H, I], R [3H, H] in the order z, r, n (torch: r, z, n, and always linear_before_reset), B =
// [Wb, Rb] [6H] optional. s is the logistic function. Smooth everywhere. Slopes computed from rounded outputs, as
// s (1 - s), lose their digits where a gate saturates. Source: torch.nn.GRUCell; ONNX GRU-22, a single step.
#pragma once

#include "frames/recurrent.hpp"

namespace backproof::ops {

struct gru_cell : recurrent::single<gru_cell, recurrent::gru_steps> {
  static constexpr op_info info{
      .name = "gru_cell",
      .signature = "x, h, W, R, B? -> H",
      .formula = "H = (1-z) n + z h, z and r = s(W x + R h + b), n = tanh(W x + R (r h) + b)",
      .vjp = "da_n = g (1-z) n', da_z = g (h-n) z', dh = g z + .., dx = sum da W, dW = da^T x",
      .source = "torch.nn.GRUCell"};
  static constexpr law laws[] = {law::batch(0b11)};
  static constexpr recurrent::places inputs{.x = 0, .h = 1, .w = 2, .r = 3, .b = 4}, outputs{.h = 0};
  using variants = variant_list<from_outputs>;

  static void draw(sampler& s) {
    s.attribute("linear_before_reset", s.choose<index_t>({1, 0}));
    single::draw(s);
  }

  static std::vector<recurrent::activation> activations(const attributes& a, index_t) {
    a.integer("linear_before_reset");  // throws if it is missing
    using kind = recurrent::activation::kind;
    return {{kind::sigmoid}, {kind::tanh}};
  }
};

}  // namespace backproof::ops
