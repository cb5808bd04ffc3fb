// The spectral norm of the Jacobian, how much it can stretch a tangent or a cotangent: a bracket from both sides
// against the dense decomposition, and against what the op states about it.
//
//   claim   lower <= sigma_max <= upper, sigma_max <= c where the op states a bound, sigma_max = c where J J^T = c^2 I
//
// J is formed row by row by the oracle's VJP in wide precision and rounded to double, in which all three ways compute;
// 2^-30 is left to their rounding. Of a large J only some rows are formed, spread evenly. The norm of these rows is at
// most that of all rows, and if J J^T = c^2 I any choice of rows is orthogonal, so the bounds hold for them as well. An
// op of several inputs has a block of J for each, and may state bounds of blocks (op::jacobian_norm_bound): for a
// convolution, the norm of its circular counterpart, by Fourier transform. backproof/number/spectral.hpp says how the
// bracket is computed.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "backproof/judge/check.hpp"
#include "backproof/number/spectral.hpp"

namespace backproof::checks {

struct spectral_norm {
  static constexpr check_info info{
      .name = "spectral_norm",
      .claim = "lower <= sigma_max(J) <= upper, and within what the op states about ||J||",
      .source =
          "Golub and Van Loan, Matrix Computations, 4th ed., section 10.4.4; Gram iteration (Delattre et al. 2023)",
      .judges = check_target::oracle,
      .catches = "a Jacobian that stretches more than its law allows: a wrong scale, a transposed or repeated block"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const std::size_t all = count(truth.cotangents()), rows = std::min(all, most_rows);
    std::vector<dense_matrix> blocks(truth.gradient().size());
    dense_matrix whole{.rows = rows, .columns = 0, .elements = {}};
    for (std::size_t row = 0; row < rows; ++row) {
      const value_list<real> d = truth.gradient_at(truth.inputs(), unit_cotangent(truth, row * all / rows));
      for (std::size_t k = 0; k < d.size(); ++k)
        for (index_t i = 0; i < d[k].size(); ++i) {
          blocks[k].elements.push_back(static_cast<double>(d[k][i]));
          whole.elements.push_back(blocks[k].elements.back());
        }
    }
    for (const double x : whole.elements)
      if (!std::isfinite(x)) return unresolved("an element of the Jacobian exceeds double's range");
    whole.columns = rows == 0 ? 0 : whole.elements.size() / rows;
    const std::string part = rows < all ? fmt::format(" of {} rows", rows) : "";
    finding f = judge("||J||", whole, stated(truth.of().laws), part);
    for (std::size_t k = 0; k < blocks.size() && f.outcome != verdict::fail; ++k) {
      if (!truth.differentiable(k) || truth.of().jacobian_norm_bound == nullptr) continue;
      const double bound = truth.of().jacobian_norm_bound({truth.on().attrs, truth.inputs()}, k);
      if (!std::isfinite(bound)) continue;
      blocks[k].rows = rows, blocks[k].columns = blocks[k].elements.size() / std::max<std::size_t>(rows, 1);
      const finding block = judge(fmt::format("||dY/d{}||", truth.of().sig.input_name(k)), blocks[k],
                                  {.high = bound, .text = fmt::format(", stated <= {:.6g}", bound)}, part);
      if (block.outcome == verdict::fail) return block;
      f.note += "; " + block.note;
    }
    return f;
  }

 private:
  static constexpr std::size_t most_rows = 24;
  static constexpr double rounding = 0x1p-30;

  struct bounds {
    double low = 0, high = INFINITY;
    std::string text;
  };

  static bounds stated(std::span<const law> laws) {
    bounds b;
    for (const law& l : laws) {
      if (l.what != law::kind::norm && l.what != law::kind::isometry) continue;
      b.text += ", " + to_string(l);
      b.high = std::min(b.high, l.constant);
      if (l.what == law::kind::isometry) b.low = std::max(b.low, l.constant);
    }
    return b;
  }

  static std::size_t count(const value_list<real>& list) {
    std::size_t n = 0;
    for (const values<real>& x : list) n += static_cast<std::size_t>(x.size());
    return n;
  }

  static value_list<real> unit_cotangent(const oracle& truth, std::size_t row) {
    value_list<real> e;
    auto at = static_cast<index_t>(row);
    for (const values<real>& v : truth.cotangents()) {
      e.emplace_back(v.dims());
      if (at >= 0 && at < v.size()) e.back()[at] = 1;
      at -= v.size();
    }
    return e;
  }

  static finding judge(const std::string& what, const dense_matrix& j, const bounds& stated, const std::string& part) {
    const spectral_bracket s = backproof::spectral_norm(j);
    finding f;
    f.elements = f.resolved = 1;
    f.measured = s.dense;
    f.note =
        fmt::format("{} in [{:.6g}, {:.6g}], dense {:.6g}{}{}", what, s.lower, s.upper, s.dense, part, stated.text);
    const double low = std::max(s.lower, stated.low), high = std::min(s.upper, stated.high),
                 tolerance = rounding * std::max(s.dense, high);
    if (s.dense >= low - tolerance && s.dense <= high + tolerance) return f;
    f.outcome = verdict::fail;
    f.kind = failure_kind::law;
    f.reason = f.note;
    return f;
  }
};

}  // namespace backproof::checks
