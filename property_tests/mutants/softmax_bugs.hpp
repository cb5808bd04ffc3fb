// Real bugs of softmax and log_softmax.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct softmax_bugs {
  static constexpr family_info info{.name = "softmax_bugs", .what = "real bugs of softmax and log_softmax"};

  static std::vector<mutant> all() {
    return {{.name = "log_softmax_with_a_dot_product",
             .bug_class = "wrong-formula",
             .summary = "the formula of softmax without its exponential: g - sum(g y)",
             .ops = "log_softmax",
             .wrong = by_slice([](double g, double, double, double dot) { return g - dot; }),
             .entry = "S01",
             .cites = "uxlfoundation/oneDNN #616"},
            {.name = "log_branch_of_softmax",
             .bug_class = "wrong-formula",
             .summary = "the branch for the logarithm takes the dot product of softmax: g - exp(y) sum(g exp(y))",
             .ops = "log_softmax",
             .wrong = by_slice([](double g, double y, double inner, double) { return g - std::exp(y) * inner; }),
             .entry = "S03",
             .cites = "ROCm/MIOpen #112, microsoft/onnxruntime #5160"},
            {.name = "negative_axis_not_put_back",
             .bug_class = "wrong-axis",
             .summary = "for a negative axis the reduced axis is not put back, and the sum is broadcast along another",
             .where = "the last axis given as -1, of a square",
             .ops = "softmax",
             .wrong =
                 [](const question& q, reply& r) {
                   const shape& s = q.x.inputs[0]->dims();
                   if (q.x.attrs.integer("axis") != -1 || s.size() < 2 || s[s.size() - 1] != s[s.size() - 2]) return;
                   misplaced_sum(q, r, s.back());
                 },
             .entry = "S04",
             .cites = "SKaiNET #863"}};
  }

 private:
  // dx = wrong(g, y, sum g exp(y), sum g y) along the axis.
  template <class F>
  static std::function<void(const question&, reply&)> by_slice(F wrong) {
    return [wrong](const question& q, reply& r) {
      const reply y = q.forward();
      const tensor& g = q.x.cotangents[0];
      const slices s(q.x.inputs[0]->dims(), q.x.attrs.integer("axis"));
      for (index_t o = 0; o < s.outer; ++o)
        for (index_t i = 0; i < s.inner; ++i) {
          const auto at = [&](index_t k) { return s.start(o, i) + k * s.inner; };
          double inner = 0, dot = 0;
          for (index_t k = 0; k < s.length; ++k) {
            inner += g.at(at(k)) * std::exp(y.tensors[0]->at(at(k)));
            dot += g.at(at(k)) * y.tensors[0]->at(at(k));
          }
          for (index_t k = 0; k < s.length; ++k)
            r.tensors[0]->set(at(k), wrong(g.at(at(k)), y.tensors[0]->at(at(k)), inner, dot));
        }
    };
  }

  static void misplaced_sum(const question& q, reply& r, index_t n) {
    const reply y = q.forward();
    const tensor &s = *y.tensors[0], &g = q.x.cotangents[0];
    for (index_t start = 0; start < s.count(); start += n * n) {
      std::vector<double> dot(static_cast<std::size_t>(n));
      for (index_t i = 0; i < n * n; ++i) dot[static_cast<std::size_t>(i / n)] += g.at(start + i) * s.at(start + i);
      for (index_t i = 0; i < n * n; ++i)
        r.tensors[0]->set(start + i, s.at(start + i) * (g.at(start + i) - dot[static_cast<std::size_t>(i % n)]));
    }
  }
};

}  // namespace backproof::mutants
