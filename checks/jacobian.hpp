// The Jacobian three ways: its rows by the oracle's VJP, its columns by forward mode and by differences, element
// against element.
//
//   claim   |J_ji (VJP of e_j) - J_ji (JVP of e_i)| <= 2^-90 max(|row j|, |column i|), and of the columns by
//   differences
//           |J_ji (VJP of e_j) - (f_j(x + h e_i) - f_j(x - h e_i)) / 2h| <= truncation + rounding, as in
//           finite_difference
//
// At most `most` rows and columns are formed, spread over all outputs and inputs, and each element in which they cross
// is compared: a mistake in few elements of a gradient cannot hide in an inner product, nor cancel. Truncation is
// below |D(2h) - D(h)|, and rounding what 2^-100 of the column's and the output's magnitude leaves after division by h.
#pragma once

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"

namespace backproof::checks {

struct jacobian {
  static constexpr check_info info{
      .name = "jacobian",
      .claim = "|J_ji by VJP - J_ji by JVP| <= 2^-90 max(|row j|, |column i|), and by differences within their error",
      .source =
          "rows of J are VJPs of unit cotangents, columns JVPs of unit tangents, or derivatives along coordinates",
      .judges = check_target::oracle,
      .catches = "an element of the reference's derivative that is wrong, or in another's place"};

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    const std::vector<place> outputs = spread(truth.cotangents()), inputs = spread(truth.tangents());
    std::vector<value_list<real>> rows, columns;
    for (const place& j : outputs) rows.push_back(truth.gradient_at(truth.inputs(), unit(truth.cotangents(), j)));
    for (const place& i : inputs) columns.push_back(truth.jvp_along(unit(truth.tangents(), i)));
    // One column of each sample by differences too: they cost four times as much as the others, and take turns.
    const std::size_t third = inputs.empty() ? 0 : truth.on().number % inputs.size();
    const slopes differences = inputs.empty() ? slopes{} : slopes_along(truth, unit(truth.tangents(), inputs[third]));
    std::optional<finding> worst;
    for (std::size_t j = 0; j < rows.size(); ++j)
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const real &by_row = rows[j][inputs[i].tensor][inputs[i].at],
                   &by_column = columns[i][outputs[j].tensor][outputs[j].at];
        const real scale = math::max(largest(rows[j]), largest(columns[i]));
        const std::string where = "J[" + std::to_string(outputs[j].at) + "," + std::to_string(inputs[i].at) + "]";
        finding f = scale == real(0)
                        ? finding{}
                        : compare(where, by_column, by_row, scale * ldexp(real(1), -90), scale, failure_kind::law);
        if (f.outcome != verdict::fail && i == third)
          if (finding also = by_difference(where, differences, outputs[j], by_row, scale);
              also.outcome == verdict::fail)
            f = std::move(also);
        if (f.outcome == verdict::fail) return f;
        if (!worst || (f.worst && (!worst->worst || f.worst->error > worst->worst->error))) worst = std::move(f);
      }
    return worst ? *worst : unresolved("the Jacobian is empty");
  }

 private:
  static constexpr index_t most = 6;

  struct place {
    std::size_t tensor;
    index_t at;
  };

  // A column by differences, and how far from the truth each element may be.
  struct slopes {
    value_list<real> fine, coarse;
    real rounding;
  };

  static slopes slopes_along(const oracle& truth, const value_list<real>& e) {
    const real h = difference_step(e);
    const auto along = [&](const real& step) {
      value_list<real> d =
          moved(truth.output_at(moved(truth.inputs(), e, step)), truth.output_at(moved(truth.inputs(), e, -step)), -1);
      for (values<real>& one : d)
        for (index_t i = 0; i < one.size(); ++i) one[i] = one[i] / (real(2) * step);
      return d;
    };
    return {along(h), along(real(2) * h), largest(truth.output()) * ldexp(real(1), -100) / h};
  }

  static finding by_difference(const std::string& where, const slopes& s, const place& j, const real& by_row,
                               const real& scale) {
    const real &fine = s.fine[j.tensor][j.at], &coarse = s.coarse[j.tensor][j.at];
    const real bound = abs(coarse - fine) + s.rounding + scale * ldexp(real(1), -40);
    return compare(where + " by differences", fine, by_row, bound, scale, failure_kind::law);
  }

  static std::vector<place> spread(const value_list<real>& list) {
    std::vector<place> all, some;
    for (std::size_t k = 0; k < list.size(); ++k)
      for (index_t i = 0; i < list[k].size(); ++i) all.push_back({k, i});
    const auto n = static_cast<index_t>(all.size()), kept = std::min(n, most);
    for (index_t k = 0; k < kept; ++k)
      some.push_back(all[static_cast<std::size_t>(k * (n - 1) / std::max<index_t>(1, kept - 1))]);
    return some;
  }

  static value_list<real> unit(const value_list<real>& like, const place& p) {
    value_list<real> e;
    for (const values<real>& x : like) e.push_back(x.present() ? values<real>(x.dims()) : values<real>{});
    e[p.tensor][p.at] = 1;
    return e;
  }

  static real largest(const value_list<real>& list) {
    real m = 0;
    for (const values<real>& x : list)
      for (index_t i = 0; i < x.size(); ++i) m = math::max(m, abs(x[i]));
    return m;
  }
};

}  // namespace backproof::checks
