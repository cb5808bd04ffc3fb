#include "backproof/judge/moved_data.hpp"

#include <algorithm>
#include <set>

#include "backproof/judge/informative_sample.hpp"

namespace backproof {
namespace {

// Every number that a question gives.
std::set<double> given(const sample& x) {
  std::set<double> numbers = {0};
  for (const auto& t : x.inputs)
    for (index_t i = 0; t && i < t->count(); ++i) numbers.insert(t->at(i));
  for (const auto& entry : x.attrs)
    if (const auto list = numbers_in(entry.second)) numbers.insert(list->begin(), list->end());
  return numbers;
}

bool all_among(const value_list<real>& results, const std::set<double>& numbers) {
  return std::all_of(results.begin(), results.end(), [&](const values<real>& y) {
    for (index_t i = 0; i < y.size(); ++i)
      if (const double d = static_cast<double>(y[i]); !(real(d) == y[i]) || !numbers.contains(d)) return false;
    return true;
  });
}

bool is_cotangent(const oracle& truth, const real& d) {
  return std::any_of(truth.cotangents().begin(), truth.cotangents().end(), [&](const values<real>& v) {
    for (index_t i = 0; i < v.size(); ++i)
      if (v[i] == d || v[i] == -d) return true;
    return false;
  });
}

// The inputs that have a gradient, times a factor. Functions that are not defined there say so by other gradients.
value_list<real> times(const oracle& truth, const real& factor) {
  value_list<real> x = truth.inputs();
  for (std::size_t k = 0; k < x.size(); ++k)
    for (index_t i = 0; truth.differentiable(k) && i < x[k].size(); ++i) x[k][i] *= factor;
  return x;
}

}  // namespace

bool output_only_moves(const op& o, dtype t) {
  constexpr std::uint64_t seed = 1, samples = 3;
  for (std::uint64_t n = 0; n < samples; ++n) {
    const sample x = draw_informative_sample(o, t, seed, n);
    if (!all_among(oracle(o, x, format_of(t)).output(), given(x))) return false;
  }
  return true;
}

bool gradient_only_moves(const oracle& truth, const position& p) {
  if (output_only_moves(truth.of(), truth.on().type)) return true;
  const real d = truth.gradient()[p.input][p.at];
  if (!is_cotangent(truth, d)) return false;
  const auto same_at = [&](const real& factor) {
    try {
      return truth.gradient_at(times(truth, factor), truth.cotangents())[p.input][p.at] == d;
    } catch (const invalid_input&) {
      return false;  // these inputs are none of the op's
    }
  };
  return same_at(-1) && same_at(0.875);
}

}  // namespace backproof
