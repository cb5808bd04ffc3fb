// The spectral norm of the Jacobian, how much it can stretch a tangent or a cotangent: a bracket from both sides
// against the dense decomposition, and against the laws that the op states.
//
//   claim   lower <= sigma_max <= upper, sigma_max <= c where the op states ||J|| <= c, sigma_max = c where J J^T = c^2
//   I
//
// J is formed row by row by the oracle's VJP in wide precision and rounded to double, in which all three ways compute;
// 2^-30 is left to their rounding. Of a large J some rows are formed, spread evenly: these are stretched no more than
// all of them, and rows of which J J^T = c^2 I are orthogonal whichever are chosen, so the laws hold for them as well.
// How the bracket is made says backproof/spectral.hpp.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "backproof/check.hpp"
#include "backproof/spectral.hpp"

namespace backproof::checks {

struct spectral_norm {
  static constexpr check_info info{
      .name = "spectral_norm",
      .claim = "lower <= sigma_max(J) <= upper, and within what the op states about ||J||",
      .source =
          "Golub and Van Loan, Matrix Computations, 4th ed., section 10.4.4; Gram iteration (Delattre et al. 2023)",
      .judges = "oracle",
      .catches = "a Jacobian that stretches more than its law allows: a wrong scale, a transposed or repeated block"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    dense_matrix j;
    const std::size_t all = count(truth.cotangents());
    j.rows = std::min(all, most_rows), j.columns = count(truth.gradient());
    for (std::size_t row = 0; row < j.rows; ++row)
      for (const values<real>& d : truth.gradient_at(truth.inputs(), unit_cotangent(truth, row * all / j.rows)))
        for (index i = 0; i < d.size(); ++i) j.elements.push_back(static_cast<double>(d[i]));
    for (const double x : j.elements)
      if (!std::isfinite(x)) return unresolved("an element of the Jacobian exceeds double's range");
    return judge(backproof::spectral_norm(j), truth.of().laws, j.rows < all ? fmt::format(" of {} rows", j.rows) : "");
  }

 private:
  static constexpr std::size_t most_rows = 24;
  static constexpr double rounding = 0x1p-30;

  static std::size_t count(const value_list<real>& list) {
    std::size_t n = 0;
    for (const values<real>& x : list) n += static_cast<std::size_t>(x.size());
    return n;
  }

  static value_list<real> unit_cotangent(const oracle& truth, std::size_t row) {
    value_list<real> e;
    auto at = static_cast<index>(row);
    for (const values<real>& v : truth.cotangents()) {
      e.emplace_back(v.dims());
      if (at >= 0 && at < v.size()) e.back()[at] = 1;
      at -= v.size();
    }
    return e;
  }

  static finding judge(const spectral_bracket& s, std::span<const law> laws, const std::string& part) {
    double low = s.lower, high = s.upper;
    std::string stated;
    for (const law& l : laws) {
      if (l.what != law::kind::norm && l.what != law::kind::isometry) continue;
      stated += ", " + to_string(l);
      high = std::min(high, l.constant);
      if (l.what == law::kind::isometry) low = std::max(low, l.constant);
    }
    finding f;
    f.elements = f.resolved = 1;
    f.measured = s.dense;
    f.note = fmt::format("||J|| in [{:.6g}, {:.6g}], dense {:.6g}{}{}", s.lower, s.upper, s.dense, part, stated);
    const double tolerance = rounding * std::max(s.dense, high);
    if (s.dense >= low - tolerance && s.dense <= high + tolerance) return f;
    f.outcome = verdict::fail;
    f.kind = "law";
    f.reason = f.note;
    return f;
  }
};

}  // namespace backproof::checks
