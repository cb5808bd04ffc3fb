// Multi-class margin loss: the score of the right class is to exceed every other by a margin.
//
//   l    = (1/C) sum_{j != t} w_t max(0, m - x_t + x_j)^p
//   dx_j = g w_t 1[m - x_t + x_j > 0] / C (p = 1), 2 g w_t max(0, m - x_t + x_j) / C (p = 2); dx_t = -sum_j dx_j
//
// Scores [N, C] or [C], labels [N] or a scalar, weights [C]; without weights, w is 1. Kinks for p = 1 where a score is
// exactly at the margin: [0, w_t/C] for it, and the opposite for x_t. Shifting all scores changes nothing, so the
// gradient of a row adds up to 0. Source: torch.nn.functional.multi_margin_loss; THNN MultiMarginCriterion.
#pragma once

#include <string>

#include "backproof/op/sample.hpp"
#include "frames/margin_pairs.hpp"

namespace backproof::ops {

struct multi_margin_loss : loss::margin_pairs<multi_margin_loss> {
  static constexpr op_info info{.name = "multi_margin_loss",
                                .signature = "input, target#, weight?~ -> loss",
                                .formula = "l = (1/C) sum_{j != t} w_t max(0, margin - x_t + x_j)^p",
                                .vjp = "dx_j = g p w_t max(0, margin - x_t + x_j)^(p-1) / C, dx_t = -sum_j dx_j",
                                .source = "torch.nn.functional.multi_margin_loss; THNN MultiMarginCriterion"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    s.attribute("p", s.choose<index_t>({1, 2}));
    s.attribute("margin", s.choose({1.0, static_cast<double>(0.3f), 2.5}));
    const bool weighted = s.choose({true, false}), batch = s.choose({true, true, true, false});
    shape x = {s.extent(2, 9)};  // with one class alone, there is no gradient
    if (batch) x.insert(x.begin(), s.extent(1, 9));
    s.input(x, {.distinct = true});
    s.indices(loss::rows_of(x), 0, x.back() - 1);
    if (weighted)
      s.input({x.back()}, {.low = 0.125, .high = 4});
    else
      s.absent();
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (power(a) != 1 && power(a) != 2) throw invalid_input("p is neither 1 nor 2");
    margin(a);  // throws if it is missing
    if (in[1] != loss::rows_of(in[0]))
      throw invalid_input("labels " + to_string(in[1]) + " do not fit scores " + to_string(in[0]));
    if (given(in, 2) && in[2] != shape{in[0].back()})
      throw invalid_input("weights " + to_string(in[2]) + " do not fit scores " + to_string(in[0]));
    return {loss::reduced(a, in[1])};
  }

  template <scalar S>
  static std::vector<index_t> targets(const call<S>& c, index_t row) {
    const index_t t = c.at(1, row);
    if (t < 0 || t >= c.in[0].extent(-1)) throw invalid_input("label " + std::to_string(t) + " is no class");
    return {t};
  }

  template <scalar S>
  static S weight(const call<S>& c, index_t target) {
    return c.has(2) ? c.in[2][target] : S(1);
  }

  static double margin(const attributes& a) { return a.number("margin"); }
  static index_t power(const attributes& a) { return a.integer("p"); }
};

}  // namespace backproof::ops
