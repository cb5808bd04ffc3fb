// Multi-label margin loss: the scores of all right classes are to exceed those of all others by 1.
//
//   l    = (1/C) sum_{k in T} sum_{j not in T} max(0, 1 - x_k + x_j)
//   dx_j += g/C and dx_k -= g/C for each pair with 1 - x_k + x_j > 0
//
// Scores [N, C] or [C], targets of the same shape: the classes of T, ended by the first negative number; what comes
// after it counts for nothing. T may be empty, or all classes: then the loss is 0. Kinks where a pair is exactly at
// the margin: [0, 1/C]. Shifting all scores changes nothing, so the gradient of a row adds up to 0.
// Source: torch.nn.functional.multilabel_margin_loss; THNN MultiLabelMarginCriterion, where a class that is listed
// twice counts twice; samples list none twice.
#pragma once

#include <algorithm>
#include <string>

#include "frames/fitting_indices.hpp"
#include "frames/margin_pairs.hpp"

namespace backproof::ops {

struct multilabel_margin_loss : loss::margin_pairs<multilabel_margin_loss> {
  static constexpr op_info info{.name = "multilabel_margin_loss",
                                .signature = "input, target# -> loss",
                                .formula = "l = (1/C) sum_{k in T} sum_{j not in T} max(0, 1 - x_k + x_j)",
                                .vjp = "dx_j += g/C, dx_k -= g/C for each pair with 1 - x_k + x_j > 0",
                                .source = "torch.nn.functional.multilabel_margin_loss; THNN MultiLabelMarginCriterion"};
  static constexpr law laws[] = {law::shift(0)};

  static void draw(sampler& s) {
    loss::draw_reduction(s);
    const bool batch = s.choose({true, true, false});
    shape x = {s.extent(2, 8)};  // with one class alone, there is no gradient
    if (batch) x.insert(x.begin(), s.extent(1, 4));
    s.input(x, {.distinct = true});
    const index_t classes = x.back();
    fitting_indices(s, x, -1, classes - 1, [classes](const std::vector<index_t>& drawn) {
      bool pairs = false;  // in some row, of a target and another class
      for (auto row = drawn.begin(); row != drawn.end(); row += classes) {
        const auto end = std::find(row, row + classes, -1);
        for (auto k = row; k != end; ++k)
          if (std::find(row, k, *k) != k) return false;
        pairs = pairs || (end != row && end != row + classes);
      }
      return pairs;
    });
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (in[1] != in[0]) throw invalid_input("targets " + to_string(in[1]) + " do not fit scores " + to_string(in[0]));
    return {loss::reduced(a, loss::rows_of(in[0]))};
  }

  template <scalar S>
  static std::vector<index_t> targets(const call<S>& c, index_t row) {
    const index_t classes = c.in[0].extent(-1);
    std::vector<index_t> listed;
    for (index_t j = 0; j < classes; ++j) {
      const index_t k = c.at(1, row * classes + j);
      if (k < 0) break;
      if (k >= classes) throw invalid_input("target " + std::to_string(k) + " is no class");
      listed.push_back(k);
    }
    return listed;
  }

  template <scalar S>
  static S weight(const call<S>&, index_t) {
    return S(1);
  }

  static double margin(const attributes&) { return 1; }
  static index_t power(const attributes&) { return 1; }
};

}  // namespace backproof::ops
