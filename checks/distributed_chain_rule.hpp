// A derivative is the sum over all paths: gradients add at branches, and a parameter that is used in many places gets
// the sum of what each place would get.
//
//   claim   V_j + V_k = the derivative along both, where inputs j and k are one variable
//   claim   the gradient of a parameter in which the op is linear is the sum over the edges of the fully connected
//   layer
//           that computes the same, its weights tied: dw_m = sum over edges (i, o) that carry w_m of g_o x_i
//
// The second is how a convolution is a scanning layer with shared weights. The edges are found by the forward function
// alone: f(e_i, e_m) - f(0, e_m) says how much of w_m stands on each edge from input i, so the layer's matrix is the
// op's Toeplitz matrix, and the layer's backpropagation is known without the op's VJP: dx = T^T g, dT = g x^T. Both
// claims are about the oracle in wide precision, up to 2^-90 of the terms.
#pragma once

#include <fmt/format.h>

#include "backproof/judge/check.hpp"
#include "backproof/judge/inner.hpp"

namespace backproof::checks {

struct distributed_chain_rule {
  static constexpr check_info info{
      .name = "distributed_chain_rule",
      .claim = "shared input: V_j + V_k; shared weight: the sum over the edges of its fully connected twin; to 2^-90",
      .source = "total derivative; Goodfellow, Bengio and Courville, Deep Learning, section 9.2 (tied weights)",
      .judges = check_target::oracle,
      .catches = "a path that is left out or counted twice, a filter gradient that misses positions"};

  static bool applies(const op& o) { return o.sig.may_have_twins(); }

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    finding last = unresolved("no two inputs are of one shape, nor is the op linear in two of them");
    for (const auto claim : {branches, twin}) {
      finding f = claim(truth);
      if (f.outcome == verdict::fail) return f;
      if (f.outcome == verdict::pass) last = std::move(f);
    }
    return last;
  }

 private:
  static finding branches(const oracle& truth) {
    sample x = truth.on();
    for (std::size_t k = 1; k < x.inputs.size(); ++k)
      for (std::size_t j = 0; j < k; ++j) {
        if (!x.tangents[j] || !x.tangents[k] || x.inputs[j]->dims() != x.inputs[k]->dims()) continue;
        x.inputs[k] = x.inputs[j];
        for (std::size_t i = 0; i < x.tangents.size(); ++i)  // only these two move, and together
          if (x.tangents[i] && i != j) x.tangents[i] = i == k ? *x.tangents[j] : tensor(x.type, x.tangents[i]->dims());
        const oracle shared(truth.of(), x, format_of(x.type));
        if (!shared.why_no_derivative().empty()) return unresolved("made equal, the inputs tie");
        const weighed forward = inner(shared.cotangents(), shared.jvp()),
                      backward = inner(shared.gradient(), shared.tangents());
        // Where equal inputs cancel altogether, what cancels is of the size of the output.
        const real terms = forward.terms + backward.terms + inner(shared.cotangents(), shared.output()).terms;
        if (!isfinite(terms)) return unresolved("made equal, the inputs leave the domain");
        return compare("<V_j + V_k, u>", forward.value, backward.value, terms * ldexp(real(1), -90), terms,
                       failure_kind::law);
      }
    return unresolved("no two inputs are of one shape");
  }

  // Input 0 is what is scanned, input 1 the weights.
  static finding twin(const oracle& truth) {
    const value_list<real>& x = truth.inputs();
    if (!linear_in(truth.of(), 0) || !linear_in(truth.of(), 1) || x.size() < 2 || !x[1].present())
      return unresolved("not bilinear");
    if (x[0].size() == 0 || x[1].size() == 0 || x[0].size() > most_inputs) return unresolved("too large a twin");
    const auto m = static_cast<index_t>(truth.on().number) % x[1].size();
    const values<real> weight = unit_of(x[1].dims(), m), no_weight(x[1].dims()), no_input(x[0].dims());
    const real at_zero = carried(truth, no_input, weight), added = carried(truth, no_input, no_weight);
    real total = at_zero - added, terms = abs(at_zero) + abs(added);  // the edge from the bias unit, if there is one
    for (index_t i = 0; i < x[0].size(); ++i) {
      const values<real> unit = unit_of(x[0].dims(), i);
      // sum over o of g_o T_oi, of the edges from i that carry w_m.
      const real with = carried(truth, unit, weight), without = carried(truth, unit, no_weight);
      total += (with - at_zero - without + added) * x[0][i];
      terms += (abs(with) + abs(at_zero) + abs(without) + abs(added)) * abs(x[0][i]);
    }
    const real& filter = truth.gradient()[1][m];
    terms += abs(filter);
    return compare(fmt::format("dw[{}] of the tied twin", m), total, filter, terms * ldexp(real(1), -90), terms,
                   failure_kind::law);
  }

  static values<real> unit_of(const shape& dims, index_t i) {
    values<real> e(dims);
    e[i] = 1;
    return e;
  }

  // <g, f(input, weight)>, the other inputs as they are.
  static real carried(const oracle& truth, const values<real>& input, const values<real>& weight) {
    value_list<real> at = truth.inputs();
    at[0] = input, at[1] = weight;
    return inner(truth.cotangents(), truth.output_at(at)).value;
  }

  static bool linear_in(const op& o, std::ptrdiff_t k) {
    return std::any_of(o.laws.begin(), o.laws.end(),
                       [k](const law& l) { return l.what == law::kind::linear_in && l.input == k; });
  }

  static constexpr index_t most_inputs = 64;
};

}  // namespace backproof::checks
