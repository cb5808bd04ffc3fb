// Multi-label soft margin loss: binary cross entropy with logits, averaged over the classes.
//
//   l    = (1/C) sum_j w_j (t_j sp(-x_j) + (1 - t_j) sp(x_j)),   sp(x) = log(1 + exp(x))
//   dx_j = g w_j / C ((1 - t_j) s(x_j) - t_j s(-x_j)),           s(x) = 1 / (1 + exp(-x))
//   dt_j = -g w_j x_j / C
//
// Scores and targets [N, C] or [C], weights [C]; without weights, w is 1. Targets in [0, 1]; they have a gradient too.
// Smooth everywhere. sp(x) = max(x, 0) + log(1 + exp(-|x|)) does not overflow. sp(-x) - sp(x) is -x exactly; computed
// as it stands, it cancels for small x. Source: torch.nn.functional.multilabel_soft_margin_loss.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/logistic.hpp"
#include "frames/loss.hpp"

namespace backproof::ops {

struct multilabel_soft_margin_loss {
  static constexpr op_info info{.name = "multilabel_soft_margin_loss",
                                .signature = "input, target, weight?~ -> loss",
                                .formula = "l = (1/C) sum_j w_j (t_j sp(-x_j) + (1 - t_j) sp(x_j))",
                                .vjp = "dx = g w / C ((1 - t) s(x) - t s(-x)), dt = -g w x / C",
                                .source = "torch.nn.functional.multilabel_soft_margin_loss"};
  static constexpr law laws[] = {law::linear_in(1)};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    const bool weighted = s.choose({true, false}), batch = s.choose({true, true, false});
    shape x = {s.extent(1, 9)};
    if (batch) x.insert(x.begin(), s.extent(1, 9));
    s.input(x);
    s.input(x, {.low = 0, .high = 1});
    if (weighted)
      s.input({x.back()}, {.low = 0.125, .high = 4});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const shape rows = loss::rows_of(in[0]);
    if (in[1] != in[0]) throw invalid_input("targets " + to_string(in[1]) + " do not fit scores " + to_string(in[0]));
    if (given(in, 2) && in[2] != shape{in[0].back()})
      throw invalid_input("weights " + to_string(in[2]) + " do not fit scores " + to_string(in[0]));
    return {loss::reduced(a, rows)};
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    const slices rows(c.in[0].dims(), -1);
    values<S> losses(loss::rows_of(c.in[0].dims()));
    for (index_t r = 0; r < rows.outer; ++r) {
      sum<S> total;
      for (index_t j = 0; j < rows.length; ++j) {
        const S &x = c.in[0][r * rows.length + j], &t = c.in[1][r * rows.length + j];
        const S w = c.has(2) ? c.in[2][j] : S(1);
        total.add_product(w, t * logistic::softplus(-x));
        total.add_product(w, (S(1) - t) * logistic::softplus(x));
      }
      losses[r] = total.value() / S(static_cast<int>(rows.length));
    }
    loss::reduce(c.attrs, losses, y[0]);
  }

  // dx and dt, with d(loss)/dt of one element from by_target(x).
  template <scalar S, class F>
  static void gradient(const call<S>& c, cotangents<S> g, results<S> d, F by_target) {
    const slices rows(c.in[0].dims(), -1);
    for (index_t i = 0; i < c.in[0].size(); ++i) {
      const S &x = c.in[0][i], &t = c.in[1][i];
      const S w = c.has(2) ? c.in[2][i % rows.length] : S(1);
      const S share =
          loss::cotangent(c.attrs, g[0], i / rows.length, rows.outer) * w / S(static_cast<int>(rows.length));
      sum<S> dx;
      dx.add_product(share * (S(1) - t), logistic::sigmoid(x));
      dx.add_product(-share * t, logistic::sigmoid(-x));
      d[0][i] = dx.value();
      d[1][i] = by_target(share, x);
    }
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    gradient(c, g, d, [](const S& share, const S& x) { return -share * x; });
  }

  struct difference {
    static constexpr variant_info info{.name = "dt = sp(-x)-sp(x)", .loss = "the softplus cancel for small |x|"};
    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      gradient(c, g, d, [](const S& share, const S& x) {
        return share * logistic::softplus(-x) - share * logistic::softplus(x);
      });
    }
  };
  using variants = variant_list<difference>;
};

}  // namespace backproof::ops
